//! Law E3: no identity number, phone or name is found in the clear, wherever the suite writes.
//!
//! Three services run with every log line there is and send every span. Persons who stand out are
//! imported, verified, served and refused by their identity numbers, and then all that was written
//! is searched: databases and their write-ahead logs, log lines, spans, and every answer.

mod collector;
mod search;

use std::fs;
use std::path::Path;
use std::process::Command;

use collector::Collector;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::eligibility::v1::{
    GetMemberRequest, MemberReference, RosterRow, VerifyMembershipRequest,
};
use contracts::redemption::v1::{AuthorizeRequest, CaptureRequest, QuoteRequest};
use search::Search;
use suite_tests::stage::{Stage, first_day, office, ten_o_clock};
use suite_tests::tills::authorize_request;
use suite_tests::{rush, wallets};
use testkit::clients::Clients;
use testkit::office::Loaded;
use testkit::services::{Service, Services};
use tonic::{Response, Status};

const PROGRAMS: [&str; 3] = [
    env!("CARGO_BIN_EXE_eligibility-under-test"),
    env!("CARGO_BIN_EXE_issuance-under-test"),
    env!("CARGO_BIN_EXE_redemption-under-test"),
];
const ZHISONG: &str = env!("CARGO_BIN_EXE_zhisong-under-test");

/// Members whose names nobody else has.
const NAMES: [&str; 3] = ["欧阳金丝雀", "慕容夜明珠", "诸葛试金石"];
/// What stands in rows that are refused.
const BAD_NAME: &str = "司马看不见";
const BAD_PHONE: &str = "1389988776A";
/// A person who is no member (a published test vector).
const STRANGER: &str = "11010519491231002X";
/// Said in the open, and therefore to be found where it belongs.
const IN_THE_OPEN: &str = "order-in-the-open-1";

/// Everything that callers were told.
#[derive(Default)]
struct Told(Vec<Vec<u8>>);

impl Told {
    fn note<T: std::fmt::Debug>(&mut self, answer: Result<Response<T>, Status>) -> Option<T> {
        match answer {
            Ok(response) => {
                self.0.push(format!("{response:?}").into_bytes());
                Some(response.into_inner())
            }
            Err(status) => {
                self.0.push(status.details().to_vec());
                self.0.push(format!("{status:?}").into_bytes());
                None
            }
        }
    }

    /// What must be refused.
    fn refuse<T: std::fmt::Debug>(&mut self, answer: Result<Response<T>, Status>) {
        assert!(answer.is_err(), "must be refused: {answer:?}");
        self.note(answer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_found_in_files_logs_spans_or_answers() {
    let (collector, url) = Collector::start().await;
    let stage = Stage::new(ZHISONG);
    let mut services = stage.apart(PROGRAMS, "trace", Some(url));
    for service in Service::ALL {
        services.start(service).await.expect("the service starts");
    }
    let rows = rows();
    let canaries = canaries(&rows);
    let search = Search::for_any_of(&canaries);
    let told = play(&stage, &services.clients(), &rows).await;

    let live = copy(&stage.data(), stage.folder(), "live");
    assert!(live.join("eligibility.db-wal").exists(), "write-ahead logs are looked at as well");
    assert_clear(&search, &live);
    let logs = stop(&mut services).await;
    assert_clear(&search, &stage.data());
    for (place, bytes) in logs.iter().map(|log| ("a log", log.as_bytes())) {
        assert_eq!(search.first_in(bytes), None, "{place}");
    }
    assert_eq!(search.first_in(&collector.bytes()), None, "a span");
    for answer in &told.0 {
        let answered = String::from_utf8_lossy(answer);
        assert_eq!(search.first_in(answer), None, "an answer: {answered}");
    }

    assert_found_where_it_belongs(&stage, &logs, &collector);
    assert_would_be_found(&search, &live);
    let list = stage.folder().join("canaries.txt");
    fs::write(&list, canaries.join("\n")).expect("the folder is the test's");
    stage.check_laws(Some(&list)).await;
}

/// Good rows of persons who stand out, and rows that are refused for every column.
fn rows() -> Vec<RosterRow> {
    let mut rows = office(NAMES.len(), 1).rows;
    for (at, (row, name)) in rows.iter_mut().zip(NAMES).enumerate() {
        row.name = name.to_owned();
        row.phone = format!("1389988770{at}");
    }
    let broken = format!("{}0", &rows[1].id_number[..17]);
    let broken = if broken == rows[1].id_number { format!("{}1", &broken[..17]) } else { broken };
    let bad = RosterRow { name: BAD_NAME.to_owned(), ..rows[0].clone() };
    rows.extend([
        RosterRow { line: 11, id_number: broken, ..bad.clone() },
        RosterRow { line: 12, phone: BAD_PHONE.to_owned(), ..bad.clone() },
        RosterRow { line: 13, trade: BAD_NAME.to_owned(), ..bad.clone() },
        RosterRow { line: 14, region: BAD_NAME.to_owned(), ..bad.clone() },
        RosterRow { line: 15, name: [BAD_NAME; 20].concat(), ..bad },
    ]);
    rows
}

fn canaries(rows: &[RosterRow]) -> Vec<String> {
    let mut canaries = vec![STRANGER.to_owned(), STRANGER[..17].to_owned()];
    for row in rows {
        canaries.extend([row.name.clone(), row.phone.clone(), row.id_number.clone()]);
        // Without its check digit, which may be written small.
        canaries.push(row.id_number[..17].to_owned());
    }
    canaries.sort();
    canaries.dedup();
    canaries
}

/// A morning in which everyone is named by an identity number, served and refused.
async fn play(stage: &Stage, clients: &Clients, rows: &[RosterRow]) -> Told {
    clients.set_time(ten_o_clock(first_day())).await.expect("the clocks are manual");
    let mut told = Told::default();
    let mut office = office(1, NAMES.len());
    office.rows = rows.to_vec();
    let loaded = office.load(clients).await.expect("good rows go in");
    assert_eq!((loaded.roster.added, loaded.roster.bad), (3, 5), "{:?}", loaded.roster);
    told.0.push(format!("{:?}", loaded.roster).into_bytes());
    ask(clients, rows, &mut told).await;
    claim(stage, clients, &loaded, &mut told).await;
    shop(clients, rows, &mut told).await;
    told
}

/// Verifies and reads by identity number: members, strangers, and what is no number.
async fn ask(clients: &Clients, rows: &[RosterRow], told: &mut Told) {
    let verify = |number: &str| VerifyMembershipRequest {
        member: by_number(number),
        purpose: "bus-fare".to_owned(),
        terminal_id: String::new(),
    };
    let (member, broken) = (&rows[0].id_number, &rows[3].id_number);
    for (number, is_member) in [(member.as_str(), true), (STRANGER, false)] {
        let answer = clients.verification().verify_membership(verify(number)).await;
        let answer = told.note(answer).expect("a number is judged");
        assert_eq!(answer.is_member, is_member);
    }
    told.refuse(clients.verification().verify_membership(verify(broken)).await);
    let read = |number: &str| GetMemberRequest { member: by_number(number) };
    told.note(clients.registry().get_member(read(member)).await).expect("is a member");
    told.refuse(clients.registry().get_member(read(STRANGER)).await);
    told.refuse(clients.registry().get_member(read(broken)).await);
}

/// Every member claims once, and once too often.
async fn claim(stage: &Stage, clients: &Clients, loaded: &Loaded, told: &mut Told) {
    let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, first_day());
    let answers = rush::settle(clients, &stage.acks, &claims).await;
    wallets::filled(clients, &answers).await;
    told.0.push(format!("{answers:?}").into_bytes());
    for claim in &claims {
        let mut request = claim.request.clone();
        request.request_id = "once-too-often".to_owned();
        told.refuse(clients.issuance(0).claim(request).await);
    }
}

/// Orders of members, of a stranger, and of what is no number.
async fn shop(clients: &Clients, rows: &[RosterRow], told: &mut Told) {
    let order = |at: usize, number: &str| AuthorizeRequest {
        member: by_number(number),
        ..authorize_request("in-the-open", at, "")
    };
    let numbers: Vec<_> = rows.iter().map(|row| row.id_number.as_str()).collect();
    let AuthorizeRequest { member, order: asked, .. } = order(1, numbers[1]);
    let quote = QuoteRequest { member, order: asked, voucher_ids: Vec::new() };
    told.note(clients.checkout(0).quote(quote).await).expect("is quoted");
    let held = told.note(clients.checkout(0).authorize(order(1, numbers[1])).await);
    let held = held.and_then(|held| held.authorization).expect("is held");
    assert_eq!(held.order_number, IN_THE_OPEN);
    let capture = CaptureRequest {
        request_id: "capture".to_owned(),
        authorization_id: held.authorization_id,
        portion: None,
    };
    told.note(clients.checkout(0).capture(capture).await).expect("is captured");
    // The tenth order of ten has wrong goods, a second one finds no voucher left.
    told.refuse(clients.checkout(0).authorize(order(10, numbers[0])).await);
    told.refuse(clients.checkout(0).authorize(order(2, numbers[1])).await);
    told.refuse(clients.checkout(0).authorize(order(3, STRANGER)).await);
    told.refuse(clients.checkout(0).authorize(order(4, numbers[3])).await);
}

fn by_number(number: &str) -> Option<MemberReference> {
    Some(MemberReference { reference: Some(Reference::IdNumber(number.to_owned())) })
}

/// Ends the services, which then have sent their last spans, and gives what they logged.
async fn stop(services: &mut Services) -> Vec<String> {
    let mut logs = Vec::new();
    for service in Service::ALL.into_iter().rev() {
        let ended = services.stop(service).await.expect("the service ends by itself");
        let log = services.process(service).said();
        assert_eq!(ended.code(), Some(0), "{service:?}");
        logs.push(log);
    }
    logs
}

/// A copy, made by a process of its own, of a folder that is served: reading a live file here would
/// be harmless too, but a copy can also be planted with what is to be found.
fn copy(folder: &Path, to: &Path, name: &str) -> std::path::PathBuf {
    let copy = to.join(name);
    let copied = Command::new("cp").arg("-R").arg(folder).arg(&copy).status();
    assert!(copied.expect("cp runs").success());
    copy
}

fn assert_clear(search: &Search, folder: &Path) {
    let mut databases = 0;
    for (name, bytes) in files(folder) {
        assert_eq!(search.first_in(&bytes), None, "{name}");
        databases += usize::from(bytes.starts_with(b"SQLite format 3\0"));
    }
    assert_eq!(databases, 3, "every database is looked at");
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let read = entries.map(|entry| {
        let path = entry.expect("the folder can be read").path();
        (path.display().to_string(), fs::read(&path).expect("the file can be read"))
    });
    read.collect()
}

/// What is said in the open is found: the places that were searched are those that are written.
fn assert_found_where_it_belongs(stage: &Stage, logs: &[String], collector: &Collector) {
    let open = Search::for_any_of(&[IN_THE_OPEN.to_owned()]);
    let database = fs::read(stage.data().join("redemption.db")).expect("the file can be read");
    assert!(open.first_in(&database).is_some(), "the order is in the database");
    let method = Search::for_any_of(&["/zhisong.eligibility.v1".to_owned()]);
    assert!(method.first_in(&collector.bytes()).is_some(), "calls are in the spans");
    for log in logs {
        assert!(log.contains("\"level\":\"TRACE\""), "everything is logged");
    }
}

/// A canary that is planted on purpose is found, in each form, in a file among the others.
fn assert_would_be_found(search: &Search, folder: &Path) {
    for form in search.forms() {
        let planted = [b"before".as_slice(), form, b"after"].concat();
        fs::write(folder.join("planted"), planted).expect("the copy is the test's");
        let found = files(folder).iter().any(|(_, bytes)| search.first_in(bytes).is_some());
        assert!(found, "{}", form.escape_ascii());
    }
}
