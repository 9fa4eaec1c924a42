//! Law E3: no identity number, phone or name in the clear, in any file or error.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::path::Path;

use contracts::eligibility::v1 as wire;
use support::{Server, by_account, by_card, by_number, id_number, row};

const NAME: &str = "欧阳金丝雀";
const PHONE: &str = "13899887766";
const ACCOUNT: &str = "canary-user-7c1f";

#[tokio::test]
async fn no_canary_is_found_in_any_file_or_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path()).await;
    let mut office = server.caller("office", None);
    office.create("gd", "440000").await.expect("is created");
    let canary =
        wire::RosterRow { name: NAME.to_owned(), phone: PHONE.to_owned(), ..row(1, 4_321) };
    let moved = wire::RosterRow { trade: String::from("OTHER"), line: 2, ..canary.clone() };
    let bad = wire::RosterRow { trade: String::from("?"), line: 3, ..canary.clone() };
    let import = office.import("canary", "gd", vec![canary, moved, bad]).await.expect("comes in");
    assert_eq!((import.added, import.changed, import.bad), (1, 1, 1));
    let id = office.resolve(&id_number(4_321)).await.expect("is known").member_id;
    let card = office.issue("i", &id).await.expect("is issued");
    let number = card.card_number;
    let code = || office_code(&server, &id);
    let mut pay = server.caller("pay", None);
    let link = |request_id: &str, card_code: String| wire::LinkAccountRequest {
        request_id: request_id.to_owned(),
        account_id: ACCOUNT.to_owned(),
        card_code,
    };
    pay.accounts.link_account(link("l", code().await)).await.expect("is linked");
    let linked = pay.accounts.link_account(link("m", code().await)).await.expect("is linked");
    office.suspend("s", &id).await.expect("is suspended");
    let (first, last) = number.split_at(15);
    let wrong = format!("{first}{}", if last == "0" { "1" } else { "0" });

    let broken = format!("{}0", &id_number(4_321)[..17]);
    let answers = [
        format!("{import:?}"),
        format!("{:?}", office.resolve(&broken).await.expect_err("wrong check digit")),
        format!("{:?}", office.resolve(&id_number(4_322)).await.expect_err("unknown")),
        format!("{:?}", office.verify(by_number(&broken)).await.expect_err("wrong")),
        format!("{:?}", office.verify(by_card(&wrong)).await.expect_err("wrong")),
        format!("{:?}", office.verify(by_account(&ACCOUNT.repeat(9))).await.expect_err("long")),
        format!("{:?}", linked.into_inner()),
        format!("{:?}", office.import("again", "gd/x", vec![row(1, 4_321)]).await.expect_err("x")),
    ];
    for answer in &answers {
        assert_clear_of_canaries("an answer", answer.as_bytes());
        assert_clear_of("an answer", &[&number, &wrong], answer.as_bytes());
    }
    let number = [number.as_str()];
    assert!(folder.path().join("eligibility.db-wal").exists(), "the log is looked at as well");
    assert_files_clear(folder.path(), &number);
    drop((office, pay));
    server.stop().await;
    assert_files_clear(folder.path(), &number);
}

async fn office_code(server: &Server, member_id: &str) -> String {
    server.caller("office", None).present(member_id).await.expect("is shown")
}

/// Looks while the registry is served: reading a live file is harmless to another process's locks
/// only, so the files are copied by a process of their own first.
fn assert_files_clear(folder: &Path, numbers: &[&str]) {
    let copy = tempfile::tempdir().expect("a folder");
    let copied = std::process::Command::new("cp").arg("-R").arg(folder).arg(copy.path()).status();
    assert!(copied.expect("cp runs").success());
    let copied = copy.path().join(folder.file_name().expect("a folder has a name"));
    let mut seen = 0;
    for entry in std::fs::read_dir(copied).expect("the copy can be read") {
        let path = entry.expect("an entry").path();
        let (place, bytes) = (path.display().to_string(), std::fs::read(&path).expect("a file"));
        assert_clear_of_canaries(&place, &bytes);
        assert_clear_of(&place, numbers, &bytes);
        seen += 1;
    }
    assert!(seen >= 2, "the database and the key ring at least");
}

fn assert_clear_of_canaries(place: &str, bytes: &[u8]) {
    let number = id_number(4_321);
    assert_clear_of(place, &[NAME, &NAME[6..], PHONE, ACCOUNT, &number, &number[..17]], bytes);
}

fn assert_clear_of(place: &str, canaries: &[&str], bytes: &[u8]) {
    for canary in canaries {
        let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
        let utf_16: Vec<u8> = canary.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let upper = hex.to_uppercase();
        for form in [canary.as_bytes(), hex.as_bytes(), upper.as_bytes(), &utf_16] {
            let found = bytes.windows(form.len()).any(|window| window == form);
            assert!(!found, "{canary} stands in {place}");
        }
    }
}

#[tokio::test]
async fn another_key_ring_does_not_open_the_registry() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path()).await;
    let mut office = server.caller("office", None);
    office.create("gd", "440000").await.expect("is created");
    office.import("one", "gd", vec![row(1, 1)]).await.expect("comes in");
    drop(office);
    server.stop().await;
    std::fs::write(folder.path().join("keys.toml"), eligibility::keyring::generate())
        .expect("can be written");
    let opened = support::try_open(folder.path()).await;
    let problem = opened.expect_err("sealed with another ring");
    assert!(problem.contains("key ring"), "{problem}");
}
