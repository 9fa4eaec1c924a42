//! `SettlementService`.

use contracts::common::v1::ErrorReason;
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::get_statement_response::Part;
use contracts::redemption::v1::reconcile_request::Part as Sent;
use contracts::redemption::v1::reconcile_response::Part as Got;
use tonic::Code;

use super::{Case, NotApplicable, Row, answered, outside, refused};
use crate::raw::{Ask, ask, ask_stream, read};
use crate::world::{CLOSED_DAY, City, RECONCILED, World};

/// The scope of those who see the rows of all platforms.
const OPS: &[&str] = &["settlement.ops"];

pub(super) fn rows(world: &World) -> Vec<Row> {
    let (own, foreign) = (&world.own, &world.foreign);
    vec![
        get_daily_totals(own, foreign),
        get_statement(own, foreign),
        Row::public(
            "/zhisong.redemption.v1.SettlementService/GetSettlementKeys",
            ask(&wire::GetSettlementKeysRequest {}),
        ),
        Row::none(
            "/zhisong.redemption.v1.SettlementService/CloseDays",
            ask(&wire::CloseDaysRequest {}),
            NotApplicable::ClosesEveryDayThatIsOver,
        ),
        reconcile(own),
        list_differences(own, foreign),
        resolve_difference(own, foreign),
        Row::everywhere(
            "/zhisong.redemption.v1.SettlementService/GetTrialBalance",
            ask(&wire::GetTrialBalanceRequest {}),
        ),
    ]
}

fn get_daily_totals(own: &City, foreign: &City) -> Row {
    let of = |platform: &str, chain: String| {
        let (business_day, platform) = (CLOSED_DAY.to_owned(), platform.to_owned());
        ask(&wire::GetDailyTotalsRequest { business_day, platform, chain, ..Default::default() })
    };
    let funder = |organization: &str| {
        let (business_day, funder) = (CLOSED_DAY.to_owned(), organization.to_owned());
        ask(&wire::GetDailyTotalsRequest { business_day, funder, ..Default::default() })
    };
    let chain = |city: &City| of("", format!("{}:corner", city.organization));
    let ask = || of("", String::new());
    let (platform, campaign_id) = (own.subject.clone(), own.campaign_id.clone());
    let only_own = move |answer: &prost::bytes::Bytes| {
        let totals = read::<wire::GetDailyTotalsResponse>(answer).totals;
        let [total] = &totals[..] else { return false };
        (total.platform == platform) & (total.campaign_id == campaign_id) & (total.captures == 1)
    };
    let for_ops =
        Case { more_scopes: OPS, ..answered("whatever there is for ops", ask(), only_own.clone()) };
    Row::new(
        "/zhisong.redemption.v1.SettlementService/GetDailyTotals",
        ask(),
        vec![
            answered("whatever there is", ask(), only_own.clone()),
            for_ops,
            refused(
                "another platform's",
                of(&foreign.subject, String::new()),
                Code::PermissionDenied,
                ErrorReason::ScopeMissing,
            ),
            Case {
                more_scopes: OPS,
                ..answered(
                    "another platform's for ops",
                    of(&foreign.subject, String::new()),
                    |answer| read::<wire::GetDailyTotalsResponse>(answer).totals.is_empty(),
                )
            },
            Case {
                more_scopes: OPS,
                ..outside("another's as funder", funder(&foreign.organization))
            },
            Case { more_scopes: OPS, ..outside("the chain of another's shops", chain(foreign)) },
            Case { more_scopes: OPS, ..answered("its own chain's", chain(own), only_own) },
        ],
    )
}

fn get_statement(own: &City, foreign: &City) -> Row {
    let get = |platform: &str| {
        let (business_day, platform) = (CLOSED_DAY.to_owned(), platform.to_owned());
        ask(&wire::GetStatementRequest { business_day, platform, ..Default::default() })
    };
    let funder = |funder: &str| {
        let (business_day, funder) = (CLOSED_DAY.to_owned(), funder.to_owned());
        ask(&wire::GetStatementRequest { business_day, funder, ..Default::default() })
    };
    let chain = |registrar: &str| {
        let (business_day, chain) = (CLOSED_DAY.to_owned(), format!("{registrar}:corner"));
        ask(&wire::GetStatementRequest { business_day, chain, ..Default::default() })
    };
    let theirs = || get(&foreign.subject);
    let organization = own.organization.clone();
    let own_chain = format!("{organization}:corner");
    let subject = own.subject.clone();
    Row::new(
        "/zhisong.redemption.v1.SettlementService/GetStatement",
        get(""),
        vec![
            refused(
                "another platform's",
                theirs(),
                Code::PermissionDenied,
                ErrorReason::ScopeMissing,
            ),
            Case { more_scopes: OPS, ..outside("another platform's for ops", theirs()) },
            refused(
                "a funder's without being ops",
                funder(&own.organization),
                Code::PermissionDenied,
                ErrorReason::ScopeMissing,
            ),
            Case {
                more_scopes: OPS,
                ..outside("another's as funder", funder(&foreign.organization))
            },
            Case { more_scopes: OPS, ..outside("the province's as funder", funder("gd")) },
            Case {
                more_scopes: OPS,
                ..answered("its own as funder", funder(&own.organization), move |answer| {
                    match read::<wire::GetStatementResponse>(answer).part {
                        Some(Part::Head(head)) => (head.funder == organization) & (head.rows == 1),
                        Some(Part::Csv(_)) | None => false,
                    }
                })
            },
            refused(
                "a chain's without being ops",
                chain(&own.organization),
                Code::PermissionDenied,
                ErrorReason::ScopeMissing,
            ),
            Case {
                more_scopes: OPS,
                ..outside("the chain of another's shops", chain(&foreign.organization))
            },
            Case { more_scopes: OPS, ..outside("a chain of the province's shops", chain("gd")) },
            Case {
                more_scopes: OPS,
                ..answered("the chain of its own shops", chain(&own.organization), move |answer| {
                    match read::<wire::GetStatementResponse>(answer).part {
                        Some(Part::Head(head)) => (head.chain == own_chain) & (head.rows == 1),
                        Some(Part::Csv(_)) | None => false,
                    }
                })
            },
            answered("its own", get(""), move |answer| {
                match read::<wire::GetStatementResponse>(answer).part {
                    Some(Part::Head(head)) => head.platform == subject && head.rows == 1,
                    Some(Part::Csv(_)) | None => false,
                }
            }),
        ],
    )
}

/// A reconciliation is the caller's own, whatever it is called: the other platform has one of the
/// same id.
fn reconcile(own: &City) -> Row {
    let reconcile = || {
        let (request_id, business_day) = (RECONCILED.to_owned(), CLOSED_DAY.to_owned());
        let header = Sent::Header(wire::ReconcileHeader { request_id, business_day });
        let csv = Sent::Csv("order_number,kind,amount_fen\n".into());
        ask_stream(&[header, csv].map(|part| wire::ReconcileRequest { part: Some(part) }))
    };
    let subject = own.subject.clone();
    Row::new(
        "/zhisong.redemption.v1.SettlementService/Reconcile",
        reconcile(),
        vec![answered("an id that another used", reconcile(), move |answer| {
            match read::<wire::ReconcileResponse>(answer).part {
                Some(Got::Totals(totals)) => totals.platform == subject,
                Some(Got::Result(_) | Got::Difference(_) | Got::BadRow(_)) | None => false,
            }
        })],
    )
}

/// What names another platform's reconciliation.
fn of_another(theirs: impl Fn() -> Ask) -> Vec<Case> {
    let missing = ErrorReason::ScopeMissing;
    vec![
        refused("another platform's", theirs(), Code::PermissionDenied, missing),
        Case { more_scopes: OPS, ..outside("another platform's for ops", theirs()) },
    ]
}

fn list_differences(own: &City, foreign: &City) -> Row {
    let list = |platform: &str| {
        let (reconciliation_id, platform) = (RECONCILED.to_owned(), platform.to_owned());
        ask(&wire::ListDifferencesRequest { reconciliation_id, platform, ..Default::default() })
    };
    let order = own.difference_id();
    let mut foreign = of_another(|| list(&foreign.subject));
    foreign.push(answered("its own", list(""), move |answer| {
        let found = read::<wire::ListDifferencesResponse>(answer).differences;
        found.iter().map(|one| &one.difference_id).eq([&order])
    }));
    Row::new("/zhisong.redemption.v1.SettlementService/ListDifferences", list(""), foreign)
}

fn resolve_difference(own: &City, foreign: &City) -> Row {
    let note = |request_id: &str, platform: &str, difference_id: String| {
        ask(&wire::ResolveDifferenceRequest {
            request_id: request_id.to_owned(),
            reconciliation_id: RECONCILED.to_owned(),
            platform: platform.to_owned(),
            difference_id,
            action: wire::resolution::Action::Note.into(),
            text: "seen".to_owned(),
        })
    };
    let mut cases = of_another(|| note("theirs", &foreign.subject, foreign.difference_id()));
    cases.push(refused(
        "another platform's difference",
        note("their-difference", "", foreign.difference_id()),
        Code::NotFound,
        ErrorReason::NotFound,
    ));
    let own = note("own", "", own.difference_id());
    Row::new("/zhisong.redemption.v1.SettlementService/ResolveDifference", own, cases)
}
