//! What is said when something cannot be done.

use crate::bench::{CAMPAIGN, Ran, Served, ZHISONG, command};

#[test]
fn a_refusal_is_told_to_people_and_to_programs() {
    let served = Served::start();
    let member = &served.open_campaign(1)[0];
    served.json("clock set 2022-07-22T09:59");
    let claim = format!("claim --campaign {CAMPAIGN} --member {member}");
    let error = served.refused(&claim);
    assert_eq!(error["reason"], "OUTSIDE_CLAIM_HOURS");
    assert_eq!(error["code"], "FailedPrecondition");
    assert!(error["metadata"]["opens_at"].is_string(), "{error}");

    let ran = served.run(&claim);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("request id: cli-"), "{ran:?}");
    assert!(ran.stderr.contains("OUTSIDE_CLAIM_HOURS: the campaign gives out"), "{ran:?}");
    let ran = served.run(&format!("{claim} --lang zh"));
    assert!(ran.stderr.contains("OUTSIDE_CLAIM_HOURS: 不在领取时段内"), "{ran:?}");

    let wrong = served.refused("checkout capture --authorization nonsense --request-id 你好");
    assert_eq!(wrong["reason"], "FIELD_INVALID");
    let fields: Vec<_> = wrong["violations"].as_array().expect("a list").iter().collect();
    assert_eq!(fields.len(), 2, "{wrong}");
    assert_eq!(fields[0]["field"], "request_id");
}

#[test]
fn tokens_are_signed_with_the_keys_of_the_data_folder_or_given() {
    let served = Served::start();
    served.create_unions();
    let token = |words: &str| {
        let ran = served.run(&format!("token {words}"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stdout.trim().to_owned()
    };
    let office = token("union-office --organization gd/4401 --ttl 1h");
    let below = |path: &str| format!("organization list --below {path} --token {office}");
    let own = served.json(&below("gd/4401"));
    assert_eq!(own["organizations"].as_array().map(Vec::len), Some(1));
    assert_eq!(served.refused(&below("gd/4403"))["reason"], "OUTSIDE_SUBTREE");
    let app = token("member-app");
    let refused = served.refused(&format!("organization list --token {app}"));
    assert_eq!(refused["reason"], "SCOPE_MISSING");
    assert_eq!(refused["metadata"]["scope"], "registry.read");
    let expired = token("union-office --ttl 0s");
    let refused = served.refused(&format!("organization list --token {expired}"));
    assert_eq!(refused["reason"], "TOKEN_EXPIRED");

    let ran = served.run("organization list --data elsewhere");
    assert_eq!(ran.code, Some(1));
    for advice in ["elsewhere has no keys", "--token", "--data", "`zhisong up`"] {
        assert!(ran.stderr.contains(advice), "{advice}: {ran:?}");
    }
    assert!(!served.path("elsewhere").exists(), "a look for keys makes no folder");
    let ran = served.run("token ops --data elsewhere");
    assert!(ran.code == Some(1) && ran.stderr.contains("has no keys"), "{ran:?}");
}

#[test]
fn a_server_that_is_not_there_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    // The port is let go of again, and the system does not soon give it to somebody else.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let server = format!("http://{}", free.local_addr().expect("it is bound"));
    drop(free);
    let mut zhisong = command(ZHISONG, folder.path());
    let ran = Ran::of(zhisong.args(["campaign", "list", "--server", &server]));
    assert_eq!(ran.code, Some(1));
    let said = format!("nothing answers at {server}: start the services with `zhisong up`");
    assert!(ran.stderr.contains(&said), "{ran:?}");
    let ran = Ran::of(zhisong.arg("--json"));
    assert_eq!(ran.json()["error"]["reason"], "UNREACHABLE");
    let mut zhisong = command(ZHISONG, folder.path());
    let ran = Ran::of(zhisong.args(["campaign", "list", "--server", "not a url"]));
    assert!(ran.stderr.contains("--server not a url"), "{ran:?}");
}

#[test]
fn the_clock_is_shown_and_moved() {
    let served = Served::start();
    let time = served.json("clock get");
    assert_eq!(time["now"], "2022-07-22T00:00:00+08:00");
    assert_eq!(time["manual"], true);
    let moved = served.json("clock set 2022-07-22T02:00:00Z");
    assert_eq!(moved["now"], "2022-07-22T10:00:00+08:00");
    let wrong = served.run("clock set noon");
    assert_eq!(wrong.code, Some(2), "a command that is not understood: {wrong:?}");
}
