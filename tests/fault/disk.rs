//! No room, or no place of its own: at start, and in the middle of the rush.
//!
//! The disk is full for the process alone: the system lets its files grow to a limit and no
//! further. That needs no rights and no device, and what SQLite is told is what a full disk tells
//! it: a write that does not fit.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use contracts::issuance::v1::ClaimResponse;
use futures::StreamExt as _;
use suite_tests::rush::{self, Claim};
use suite_tests::stage::{Stage, first_day, issued, load, office, ten_o_clock};
use testkit::answers::Answer;
use testkit::clients::Clients;
use testkit::office::Loaded;
use testkit::process::{Process, after};
use testkit::suite::{Suite, up};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::ZHISONG;

const MEMBERS: usize = 1_500;
const QUOTA: usize = 1_000;
/// What issuance may still write before the disk is full: a third of what the rush writes.
const ROOM: u64 = 400 * 1_024;
/// Without this a write beyond the limit ends the process, which no full disk does.
const GO_ON: &str = "trap '' XFSZ";
/// A user who owns nothing.
const NOBODY: u32 = 65_534;
/// The longest that all answers of a rush may take on a full disk.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_full_disk_at_start_is_told_with_what_to_do() {
    // Not even a key fits; keys fit but no database; a database fits but not what is in it.
    for blocks in [0, 16, 128] {
        let stage = Stage::new(ZHISONG);
        let limit = format!("{GO_ON} && ulimit -f {blocks}");
        let said = refuses(after(&limit, &stage.command(first_day()))).await;
        assert!(said.contains("has room"), "{blocks} blocks: {said}");
    }
}

#[tokio::test]
async fn a_read_only_folder_at_start_is_told_with_what_to_do() {
    let stage = Stage::new(ZHISONG);
    let data = stage.data();
    fs::create_dir(&data).expect("the folder is new");
    fs::set_permissions(&data, Permissions::from_mode(0o555)).expect("the folder is the test's");
    let said = refuses(without_rights(&stage)).await;
    assert!(said.contains("Permission denied") && said.contains("is writable"), "{said}");
    // So that the folder can be removed.
    fs::set_permissions(&data, Permissions::from_mode(0o755)).expect("the folder is the test's");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_told_with_what_to_do() {
    let stage = Stage::new(ZHISONG);
    fs::write(stage.data(), "a file").expect("the folder is new");
    let said = refuses(stage.command(first_day())).await;
    assert!(said.contains("data folder") && said.contains("is writable"), "{said}");
}

#[tokio::test]
async fn a_folder_that_another_process_serves_is_told_with_what_to_do() {
    let stage = Stage::new(ZHISONG);
    let first = stage.serve(first_day()).await;
    let said = refuses(stage.command(first_day())).await;
    assert!(said.contains("another process serves") && said.contains("stop it"), "{said}");
    let ended = first.stop().await.expect("the first process was not disturbed");
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_in_the_rush_costs_no_answer_once_there_is_room_again() {
    let stage = Stage::new(ZHISONG);
    let (mut suite, loaded, claims) = rush_until_full(&stage).await;
    limit_files(&mut suite, "unlimited");
    ends_exactly(&stage, &suite.clients(), &loaded, &claims).await;
    suite.kill().expect("the suite runs");
    stage.check_laws(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_in_the_rush_costs_no_answer_after_a_new_start() {
    let stage = Stage::new(ZHISONG);
    let (mut suite, loaded, claims) = rush_until_full(&stage).await;
    suite.kill().expect("the suite runs");
    stage.check_laws(None).await;
    let mut suite = stage.serve(first_day()).await;
    ends_exactly(&stage, &suite.clients(), &loaded, &claims).await;
    suite.kill().expect("the suite runs");
    stage.check_laws(None).await;
}

/// Plays a rush in which the disk fills up, and gives the suite, which still serves.
async fn rush_until_full(stage: &Stage) -> (Suite, Loaded, Vec<Claim>) {
    let day = first_day();
    let command = after(GO_ON, &stage.command(day));
    let mut suite = Suite::start(command).await.expect("the suite starts");
    let clients = suite.clients();
    clients.set_time(ten_o_clock(day)).await.expect("the clock is manual");
    let loaded = load(&clients, &office(MEMBERS, QUOTA)).await;
    let log = stage.data().join("issuance.db-wal");
    let written = fs::metadata(log).expect("issuance has written").len();
    limit_files(&mut suite, &(written + ROOM).to_string());

    let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, day);
    let answers = tokio::time::timeout(PATIENCE, send(stage, &clients, &claims)).await;
    let answers = answers.expect("nobody waits for ever");
    let tally = rush::tally(&answers);
    println!("{tally:?}");
    assert!(tally.contains_key("OK"), "the disk was full from the beginning: {tally:?}");
    assert!(tally.contains_key("LOST"), "the disk did not fill up: {tally:?}");
    let read = issued(&clients, &loaded.campaign_id, day).await;
    assert!(read >= tally["OK"] as i64, "what was answered can be read on a full disk");
    (suite, loaded, claims)
}

/// Sends every claim once. Whoever gets no voucher is told that it may pass, and when to retry.
async fn send(stage: &Stage, clients: &Clients, claims: &[Claim]) -> Vec<Answer<ClaimResponse>> {
    let sent = claims.iter().enumerate().map(|(at, claim)| async move {
        let result = clients.issuance(at).claim(claim.request.clone()).await;
        if let Err(status) = &result {
            assert_eq!(status.code(), Code::Unavailable, "{status:?}");
            assert!(status.get_details_retry_info().is_some(), "{status:?}");
        }
        claim.note(&stage.acks, Answer::of(result))
    });
    futures::stream::iter(sent).buffered(200).collect().await
}

/// Everyone retries and the day ends with exactly the quota.
async fn ends_exactly(stage: &Stage, clients: &Clients, loaded: &Loaded, claims: &[Claim]) {
    let answers = rush::settle(clients, &stage.acks, claims).await;
    let expected = BTreeMap::from([("OK", QUOTA), ("SOLD_OUT", MEMBERS - QUOTA)]);
    assert_eq!(rush::tally(&answers), expected);
    assert_eq!(issued(clients, &loaded.campaign_id, first_day()).await, QUOTA as i64);
}

/// The largest size of a file of the running process; `prlimit` is a part of util-linux.
fn limit_files(suite: &mut Suite, bytes: &str) {
    let process = format!("--pid={}", suite.process().id());
    let limited = Command::new("prlimit").arg(process).arg(format!("--fsize={bytes}:")).status();
    assert!(limited.expect("prlimit is installed").success());
}

/// The program must end by itself, as a failure, and in words for a person; gives them.
async fn refuses(command: Command) -> String {
    let mut process = Process::spawn("zhisong up", command).expect("the program starts");
    let ended = process.ended().await.expect("the program ends by itself");
    let said = process.said();
    assert_eq!(ended.code(), Some(1), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// The command of a user whom file permissions bind: they do not bind root, so root becomes nobody
/// and runs a copy of the program that nobody can reach.
fn without_rights(stage: &Stage) -> Command {
    if !rustix::process::geteuid().is_root() {
        return stage.command(first_day());
    }
    let open = |path: &Path| fs::set_permissions(path, Permissions::from_mode(0o755));
    open(stage.folder()).expect("the folder is the test's");
    let program = stage.folder().join("zhisong");
    fs::copy(ZHISONG, &program).expect("the program can be copied");
    open(&program).expect("the copy is the test's");
    let mut command = up(&program, &stage.data(), &first_day().to_string());
    command.uid(NOBODY).gid(NOBODY);
    command
}
