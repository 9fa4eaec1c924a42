//! IssueToList through gRPC.

use contracts::common::v1::ErrorReason;
use contracts::issuance::v1 as wire;
use contracts::issuance::v1::issue_to_list_request::Part;
use issuance::store::conformance::Offer;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::server::{Refused, Server, UNKNOWN, member_id, refused};

fn header(selection: Option<wire::PolicySelection>) -> Part {
    let (request_id, campaign_id) = ("july".to_owned(), Offer::default().id.to_owned());
    Part::Header(wire::ListHeader { request_id, campaign_id, selection })
}

fn members(rows: &[(i64, &str)]) -> Part {
    let member =
        |(row, text): &(i64, &str)| wire::ListedMember { row: *row, member_id: (*text).to_owned() };
    Part::Members(wire::ListedMembers { members: rows.iter().map(member).collect() })
}

fn by(policy_id: &str, cursor: &str) -> Part {
    let (policy_id, cursor) = (policy_id.to_owned(), cursor.to_owned());
    header(Some(wire::PolicySelection { policy_id, revision: 0, cursor }))
}

async fn begin(
    server: &Server,
    organization: &str,
    parts: Vec<Part>,
) -> Result<Streaming<wire::IssueToListResponse>, Status> {
    let message = |part| wire::IssueToListRequest { part: Some(part) };
    let messages = tokio_stream::iter(parts.into_iter().map(message));
    let mut vouchers = server.vouchers(organization);
    Ok(vouchers.issue_to_list(messages).await?.into_inner())
}

/// All answers of a call that comes to its end.
async fn whole(
    server: &Server,
    parts: Vec<Part>,
) -> Result<Vec<wire::IssueToListResponse>, Status> {
    let mut stream = begin(server, "gd", parts).await?;
    let mut answers = Vec::new();
    while let Some(answer) = stream.message().await? {
        answers.push(answer);
    }
    Ok(answers)
}

#[tokio::test]
async fn each_message_of_members_is_answered_in_its_turn_with_what_each_row_came_to() {
    let server = Server::start().await;
    server.activate(Offer { quota: 3, ..Offer::default() }).await;
    let [one, two, three, four] = [1, 2, 3, 4].map(member_id);
    let unknown = member_id(UNKNOWN);
    let parts = || {
        vec![
            header(None),
            members(&[(2, &one), (3, "mem_1"), (4, &unknown), (5, &two)]),
            members(&[(6, "张三")]),
            members(&[(7, &one), (8, &three), (9, &four)]),
        ]
    };
    let answers = whole(&server, parts()).await.expect("comes to its end");
    let counts: Vec<_> = answers.iter().map(|one| (one.issued, one.issued_before)).collect();
    assert_eq!(counts, [(2, 0), (0, 0), (1, 1)]);
    let refused: Vec<_> = answers.iter().flat_map(|answer| &answer.refused).collect();
    let told: Vec<_> =
        refused.iter().map(|row| (row.row, row.member_id.as_str(), row.reason())).collect();
    assert_eq!(
        told,
        [
            (3, "mem_1", ErrorReason::FieldInvalid),
            (4, unknown.as_str(), ErrorReason::MemberUnknown),
            (6, "张三", ErrorReason::FieldInvalid),
            (9, four.as_str(), ErrorReason::SoldOut),
        ]
    );
    assert_eq!(
        (refused[0].text_zh.as_str(), refused[0].text_en.as_str()),
        ("不是会员编号", "not a member id")
    );
    assert_eq!(refused[3].text_zh, "本期已领完");
    assert!(answers.iter().all(|answer| answer.progress.is_none()));

    let again = whole(&server, parts()).await.expect("comes to its end");
    let counts: Vec<_> = again.iter().map(|one| (one.issued, one.issued_before)).collect();
    assert_eq!(counts, [(0, 2), (0, 0), (0, 2)]);
    assert_eq!(again[2].refused, answers[2].refused);
}

#[tokio::test]
async fn who_does_not_qualify_is_told_the_criterion() {
    let server = Server::start().await;
    server.activate(Offer::default()).await;
    server.eligibility.qualifies(false);
    let answers = whole(&server, vec![header(None), members(&[(1, &member_id(1))])]).await;
    let refused = answers.expect("comes to its end").remove(0).refused.remove(0);
    assert_eq!(
        (refused.reason(), refused.text_en.as_str()),
        (ErrorReason::NotEligible, "For couriers only")
    );
}

#[tokio::test]
async fn a_policy_selects_and_says_how_far_it_has_come() {
    let server = Server::start().await;
    server.activate(Offer { quota: 4, ..Offer::default() }).await;
    let answers = whole(&server, vec![by("", "")]).await.expect("comes to its end");
    let progress = |answer: &wire::IssueToListResponse| {
        let progress = answer.progress.clone().expect("is selected");
        (answer.issued, progress.cursor, progress.scanned, progress.total)
    };
    let told: Vec<_> = answers.iter().map(progress).collect();
    assert_eq!(told, [(3, "more".to_owned(), 1_000, 2_000), (1, String::new(), 1_000, 2_000)]);
    assert_eq!((answers[1].refused[0].row, &answers[1].refused[0].member_id), (0, &member_id(5)));
    let rest = whole(&server, vec![by("outdoor-trades", "more")]).await.expect("goes on");
    assert_eq!((rest.len(), rest[0].issued_before), (1, 1));
}

#[tokio::test]
async fn what_is_no_list_is_refused_with_its_reason() {
    let server = Server::start().await;
    let of = |answer| {
        let Refused { code, reason, violations, .. } = refused(answer);
        (code, reason, violations)
    };
    let invalid =
        |field: &str| (Code::InvalidArgument, "FIELD_INVALID".to_owned(), vec![field.to_owned()]);
    let said = |code, reason: &str| (code, reason.to_owned(), Vec::new());
    assert_eq!(of(whole(&server, vec![header(None)]).await), said(Code::NotFound, "NOT_FOUND"));
    server.activate(Offer::default()).await;
    assert_eq!(of(whole(&server, Vec::new()).await), invalid("header"));
    assert_eq!(of(whole(&server, vec![members(&[(1, "x")])]).await), invalid("header"));
    let twice = vec![header(None), header(None)];
    assert_eq!(of(whole(&server, twice).await), invalid("members"));
    let list = |rows: &[(i64, &str)]| vec![header(None), members(rows)];
    assert_eq!(of(whole(&server, list(&[])).await), invalid("members.members"));
    assert_eq!(of(whole(&server, list(&[(1, "x"); 1_025])).await), invalid("members.members"));
    assert_eq!(of(whole(&server, list(&[(-1, "x")])).await), invalid("members.members[0].row"));
    let policy = "header.selection.policy_id";
    assert_eq!(of(whole(&server, vec![by("No Slug", "")]).await), invalid(policy));
    let cursor = "header.selection.cursor";
    assert_eq!(of(whole(&server, vec![by("", "x")]).await), invalid(cursor));
    assert_eq!(of(whole(&server, vec![by("other", "")]).await), said(Code::NotFound, "NOT_FOUND"));
    let below = begin(&server, "gd/guangzhou", vec![header(None)]).await;
    assert_eq!(
        of(below.map(drop).map(|()| Vec::new())),
        said(Code::PermissionDenied, "OUTSIDE_SUBTREE")
    );
    server.eligibility.answers(false);
    let down = whole(&server, list(&[(1, &member_id(1))])).await;
    assert_eq!(of(down), said(Code::Unavailable, "DEPENDENCY_UNAVAILABLE"));
}

#[tokio::test]
async fn a_service_that_stops_ends_a_list_that_waits_and_says_so() {
    let server = Server::start().await;
    server.activate(Offer::default()).await;
    let (send, messages) = mpsc::channel(2);
    let part = |part| wire::IssueToListRequest { part: Some(part) };
    send.send(part(header(None))).await.expect("there is room");
    send.send(part(members(&[(1, &member_id(1))]))).await.expect("there is room");
    let mut vouchers = server.vouchers("gd");
    let begun = vouchers.issue_to_list(ReceiverStream::new(messages)).await;
    let mut stream = begun.expect("begins").into_inner();
    // More may come, and yet the answer does not wait for it.
    let first = stream.message().await.expect("goes on").expect("is answered");
    assert_eq!(first.issued, 1);
    server.stop().await;
    let stopped = refused(stream.message().await);
    assert_eq!((stopped.code, stopped.reason.as_str()), (Code::Unavailable, "STOPPING"));
    drop(send);
}
