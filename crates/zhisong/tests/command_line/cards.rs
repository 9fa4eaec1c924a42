//! Cards: issued, shown, verified, lost and reissued; what partners are granted.

use serde_json::{Value, json};

use crate::bench::Served;

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().expect("a text")
}

#[test]
fn a_card_is_shown_as_pictures_verified_once_granted_and_blocked_when_lost() {
    let served = Served::start();
    let member = &served.open_campaign(1)[0];
    let card = served.json(&format!("card issue --member {member} --request-id i-1"));
    assert_eq!((text(&card, "state"), text(&card, "member_id")), ("ACTIVE", &**member));
    let shown = served.json(&format!("card show --member {member} --png c.png --svg c.svg"));
    let picture = std::fs::read(served.path("c.png")).expect("is drawn");
    assert!(picture.starts_with(b"\x89PNG\r\n") && served.read("c.svg").contains("<svg "));

    let verify = |terminal: &str| {
        let code = text(&shown, "code");
        let words = ["member", "verify", "--purpose", "bus-fare", "--json", "--card-code", code];
        served.run_words(&[words.as_slice(), &["--terminal", terminal]].concat())
    };
    assert_eq!(verify("g1").json()["is_member"], false, "nothing is granted");
    let grant = "grant set --partner member-app --purpose bus-fare --organization gd";
    let granted = served.json(&format!("{grant} --by card-code,card-number --tell trade"));
    assert_eq!(granted["references"], json!(["card-code", "card-number"]));
    assert_eq!(granted["claims"], json!(["trade"]));
    let verified = verify("g1").json();
    assert_eq!(verified["is_member"], true, "{verified}");
    assert!(!text(&verified, "trade").is_empty() && text(&verified, "region_code").is_empty());
    assert_eq!(verify("g2").json()["error"]["reason"], "CARD_CODE_REPLAYED");
    let by_number =
        format!("member verify --purpose bus-fare --card-number {}", text(&card, "card_number"));
    assert_eq!(served.json(&by_number)["is_member"], true);

    let card_id = text(&card, "card_id");
    let lost = served.json(&format!("card lost {card_id}"));
    assert_eq!(lost["state"], "LOST");
    assert_eq!(served.json(&by_number)["is_member"], false);
    let refused = served.refused(&format!("card show --member {member}"));
    assert_eq!(refused["reason"], "NOT_FOUND");
    let list = served.json("card revocations");
    let digits = card_id.trim_start_matches("crd_");
    assert!(text(&list, "document").contains(digits), "{list}");
    let keys = served.run("card keys");
    let keys: Value = serde_json::from_str(&keys.stdout).expect("is JSON as it stands");
    assert_eq!(keys["keys"][0]["kid"], list["key_id"]);

    let new = served.json(&format!("card reissue {card_id}"));
    assert_ne!(text(&new, "card_id"), card_id);
    let listed = served.json(&format!("card list --member {member}"));
    assert_eq!(listed["cards"].as_array().map(Vec::len), Some(2));
    let revoked = served.json(&format!("card revoke {}", text(&new, "card_id")));
    assert_eq!(revoked["state"], "REVOKED");
    assert_eq!(served.json(&format!("card get {card_id}"))["state"], "REPLACED");
    served.json(grant);
    assert_eq!(served.json("grant list")["grants"], json!([]));
}
