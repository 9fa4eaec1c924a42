//! The registry through gRPC: every verb once as it is meant, and every reason it answers.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::grant::Reference as By;
use contracts::eligibility::v1::verdict::Outcome;
use support::{Caller, Server, by_id, by_number, id_number, refusal, row, violations};
use tempfile::TempDir;
use tonic::{Code, Status};

/// A province with two cities, a policy, and two couriers of Guangzhou.
async fn guangdong(folder: &TempDir) -> (Server, Caller, [String; 2]) {
    let server = Server::start(folder.path()).await;
    let mut office = server.caller("office", None);
    for (path, region) in [("gd", "440000"), ("gd/guangzhou", "440100"), ("gd/shenzhen", "440300")]
    {
        office.create(path, region).await.expect("the tree grows");
    }
    let ways = [By::MemberId, By::IdNumber, By::CardNumber, By::CardCode, By::LinkedAccount];
    office.may(&ways, &[]).await.expect("is granted");
    let criteria = [
        ("courier", "member.trade == 'COURIER'"),
        ("adult", "member.age >= 18"),
        ("woman", "member.sex == 'FEMALE'"),
    ];
    office.publish("women-couriers", &criteria).await.expect("is published");
    let rows = vec![row(1, 1), row(2, 2)];
    let import = office.import("first", "gd/guangzhou", rows).await.expect("is imported");
    assert_eq!((import.added, import.bad, import.committed_line), (2, 0, 2));
    let man = office.resolve(&id_number(1)).await.expect("is known").member_id;
    let woman = office.resolve(&id_number(2)).await.expect("is known").member_id;
    (server, office, [man, woman])
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn reason(status: Status) -> (Code, String) {
    let (code, reason, _) = refusal(&status);
    (code, reason)
}

fn metadata(status: &Status, key: &str) -> String {
    let (_, _, metadata) = refusal(status);
    metadata.into_iter().find(|(name, _)| name == key).map(|(_, value)| value).unwrap_or_default()
}

#[tokio::test]
async fn verdicts_come_in_the_order_of_the_request_and_name_the_first_failure() {
    let folder = folder();
    let (_server, mut office, [man, woman]) = guangdong(&folder).await;
    let nobody = "mem_00000000000000000000000000000000";
    let answer = office.check("women-couriers", &[&man, nobody, &woman, &man]).await;
    let answer = answer.expect("is judged");
    let outcomes: Vec<Outcome> = answer.verdicts.iter().map(wire::Verdict::outcome).collect();
    use Outcome::{Fails, Qualifies, Unknown};
    assert_eq!(outcomes, [Fails, Unknown, Qualifies, Fails]);
    let failed = &answer.verdicts[0];
    let texts = [&failed.failed_criterion, &failed.text_zh, &failed.text_en];
    assert_eq!(texts, ["woman", "不符合 woman", "fails woman"]);
    assert_eq!(failed.organization, "gd/guangzhou");
    assert_eq!((failed.person_key.len(), answer.verdicts[1].person_key.len()), (16, 0));
    assert_eq!((answer.policy_revision, answer.age.is_some()), (1, true));
}

#[tokio::test]
async fn a_policy_selects_page_by_page_whoever_qualifies_by_the_revision_that_is_named() {
    let folder = folder();
    let (server, mut office, [man, woman]) = guangdong(&folder).await;
    office.publish("couriers", &[("courier", "member.trade == 'COURIER'")]).await.expect("first");
    office.publish("couriers", &[("nobody", "false")]).await.expect("is another revision");
    let selection = |policy_id: &str, revision| wire::SelectMembersRequest {
        policy_id: policy_id.to_owned(),
        revision,
        ..wire::SelectMembersRequest::default()
    };
    let mut request = wire::SelectMembersRequest { page_size: 1, ..selection("couriers", 1) };
    let mut selected = Vec::new();
    for scanned in [1, 1, 0] {
        let page = office.select(request.clone()).await.expect("is selected");
        assert_eq!((page.scanned, page.total), (scanned, 2));
        selected.extend(page.member_ids);
        request.page_token = page.next_page_token;
    }
    assert_eq!(request.page_token, "");
    let mut both = [man.clone(), woman.clone()];
    both.sort_unstable();
    assert_eq!(selected, both);
    assert_eq!(office.select(selection("couriers", 0)).await.expect("newest").scanned, 2);
    let third = office.select(selection("couriers", 3)).await.expect_err("there are two");
    assert_eq!(reason(third), (Code::NotFound, "NOT_FOUND".to_owned()));
    let women = office.select(selection("women-couriers", 0)).await.expect("is selected");
    assert_eq!((women.member_ids, women.total), (vec![woman.clone()], 2));
    office.suspend("s-1", &woman).await.expect("is suspended");
    let women = office.select(selection("women-couriers", 0)).await.expect("is selected");
    assert!(women.member_ids.is_empty(), "a suspended member qualifies for nothing");

    let below = |path: &str| wire::SelectMembersRequest {
        organization: path.to_owned(),
        ..selection("women-couriers", 0)
    };
    let shenzhen = office.select(below("gd/shenzhen")).await.expect("is selected");
    assert_eq!((shenzhen.scanned, shenzhen.total), (0, 0));
    let mut city = server.caller("city", Some("gd/guangzhou"));
    let own = city.select(selection("women-couriers", 0)).await.expect("the province offers it");
    assert_eq!((own.scanned, own.total), (2, 2));
    let foreign = city.select(below("gd/shenzhen")).await.expect_err("is another city");
    assert_eq!(reason(foreign), (Code::PermissionDenied, "OUTSIDE_SUBTREE".to_owned()));
    let token = wire::SelectMembersRequest { page_token: "00".into(), ..below("gd") };
    let token = office.select(token).await.expect_err("is no token of ours");
    assert_eq!(violations(&token), ["page_token"]);
}

#[tokio::test]
async fn a_suspended_member_fails_first_and_is_no_member_to_partners() {
    let folder = folder();
    let (_server, mut office, [_, woman]) = guangdong(&folder).await;
    assert!(office.verify(by_id(&woman)).await.expect("is answered"));
    let suspended = office.suspend("s-1", &woman).await.expect("is suspended");
    assert_eq!(suspended.state(), wire::member::State::Suspended);
    assert!(!office.verify(by_id(&woman)).await.expect("is answered"));
    let answer = office.check("women-couriers", &[&woman]).await.expect("is judged");
    assert_eq!(answer.verdicts[0].failed_criterion, "suspended");
    let explained = explain(&mut office, by_number(&id_number(2))).await.expect("is explained");
    assert_eq!((explained.suspended, explained.qualifies), (true, false));
    assert!(explained.criteria.iter().all(|criterion| criterion.holds));
    office.reinstate("r-1", &woman).await.expect("is reinstated");
    assert_eq!(office.suspend("s-1", &woman).await.expect("is remembered"), suspended);
    let answer = office.check("women-couriers", &[&woman]).await.expect("is judged");
    assert_eq!(answer.verdicts[0].outcome(), Outcome::Qualifies);
}

async fn explain(
    office: &mut Caller,
    member: wire::MemberReference,
) -> Result<wire::ExplainResponse, Status> {
    let request = wire::ExplainRequest {
        policy_id: String::from("women-couriers"),
        member: Some(member),
        business_day: String::new(),
    };
    office.verdicts.explain(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn an_office_sees_and_changes_only_its_own_subtree() {
    let folder = folder();
    let (server, _, [man, _]) = guangdong(&folder).await;
    let mut shenzhen = server.caller("shenzhen", Some("gd/shenzhen"));
    let outside = (Code::PermissionDenied, String::from("OUTSIDE_SUBTREE"));
    let member = |id: &str| wire::GetMemberRequest { member: Some(by_id(id)) };
    let path = |path: &str| wire::GetOrganizationRequest { path: path.to_owned() };
    let list = |below: &str| wire::ListMembersRequest {
        below: below.to_owned(),
        ..wire::ListMembersRequest::default()
    };
    let tree = |below: &str| wire::ListOrganizationsRequest {
        below: below.to_owned(),
        ..wire::ListOrganizationsRequest::default()
    };
    let import = wire::GetRosterImportRequest { import_id: String::from("first") };
    let policy = wire::GetPolicyRequest { policy_id: String::from("women-couriers"), revision: 0 };
    let refusals = [
        shenzhen.registry.get_member(member(&man)).await.map(drop).expect_err("get"),
        shenzhen.registry.list_members(list("gd")).await.map(drop).expect_err("list"),
        shenzhen.registry.get_organization(path("gd")).await.map(drop).expect_err("tree"),
        shenzhen.registry.list_organizations(tree("gd")).await.map(drop).expect_err("tree"),
        shenzhen.registry.get_roster_import(import).await.map(drop).expect_err("import"),
        shenzhen.create("gd/guangzhou/x", "440106").await.expect_err("create"),
        shenzhen.suspend("s", &man).await.map(drop).expect_err("suspend"),
        shenzhen.reinstate("r", &man).await.map(drop).expect_err("reinstate"),
        shenzhen.import("i", "gd/guangzhou", vec![row(1, 9)]).await.map(drop).expect_err("in"),
        shenzhen.resolve(&id_number(1)).await.map(drop).expect_err("resolve"),
        explain(&mut shenzhen, by_id(&man)).await.map(drop).expect_err("explain"),
        shenzhen.publish("mine", &[("all", "true")]).await.map(drop).expect_err("publish"),
        shenzhen.policies.get_policy(policy).await.map(drop).expect_err("policy"),
    ];
    for refused in refusals {
        assert_eq!(reason(refused), outside);
    }
    server.caller("shenzhen", None).may(&[By::MemberId], &[]).await.expect("is granted");
    assert!(!shenzhen.verify(by_id(&man)).await.expect("is answered"));
    let judged = shenzhen.check("women-couriers", &[&man]).await.expect("is judged");
    assert_eq!(judged.verdicts[0].outcome(), Outcome::Unknown);
    let listed = shenzhen.registry.list_members(list("")).await.expect("its own").into_inner();
    assert!(listed.members.is_empty());
    let listed = shenzhen.policies.list_policies(wire::ListPoliciesRequest::default()).await;
    assert!(listed.expect("its own").into_inner().policies.is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_said_with_its_kind() {
    let folder = folder();
    let (_server, mut office, _) = guangdong(&folder).await;
    let nobody = "mem_00000000000000000000000000000000";
    let get = wire::GetMemberRequest { member: Some(by_number(&id_number(77))) };
    for refused in [
        office.registry.get_member(get).await.map(drop).expect_err("nobody"),
        office.suspend("s", nobody).await.map(drop).expect_err("nobody"),
        office.resolve(&id_number(77)).await.map(drop).expect_err("nobody"),
        explain(&mut office, by_id(nobody)).await.map(drop).expect_err("nobody"),
    ] {
        assert_eq!(reason(refused), (Code::NotFound, String::from("MEMBER_UNKNOWN")));
    }
    let path = wire::GetOrganizationRequest { path: String::from("gd/nowhere") };
    let policy = wire::GetPolicyRequest { policy_id: String::from("women-couriers"), revision: 9 };
    let import = wire::GetRosterImportRequest { import_id: String::from("second") };
    let table = [
        (office.registry.get_organization(path).await.map(drop), "organization"),
        (office.policies.get_policy(policy).await.map(drop), "policy"),
        (office.registry.get_roster_import(import).await.map(drop), "roster_import"),
        (office.check("men", &[nobody]).await.map(drop), "policy"),
        (office.import("lost", "gd/nowhere", vec![]).await.map(drop), "organization"),
    ];
    for (answer, kind) in table {
        let refused = answer.expect_err(kind);
        assert_eq!(metadata(&refused, "kind"), kind);
        assert_eq!(reason(refused), (Code::NotFound, String::from("NOT_FOUND")));
    }
    assert!(!office.verify(by_number(&id_number(77))).await.expect("is answered"));
}

#[tokio::test]
async fn what_contradicts_what_is_there_is_refused_and_says_where() {
    let folder = folder();
    let (_server, mut office, [man, woman]) = guangdong(&folder).await;
    office.suspend("once", &man).await.expect("is suspended");
    office.create("gd", "440000").await.expect("creating again changes nothing");
    let table = [
        (office.create("gd", "450000").await, Code::AlreadyExists, "ORGANIZATION_EXISTS", "field"),
        (
            office.create("gx/nanning", "450100").await,
            Code::FailedPrecondition,
            "PARENT_MISSING",
            "parent",
        ),
        (office.create("gd/nanning", "450100").await, Code::InvalidArgument, "FIELD_INVALID", ""),
        (
            office.suspend("once", &woman).await.map(drop),
            Code::AlreadyExists,
            "REQUEST_ID_REUSED",
            "field",
        ),
        (
            office.import("first", "gd/shenzhen", vec![]).await.map(drop),
            Code::AlreadyExists,
            "IMPORT_ID_REUSED",
            "",
        ),
        (
            office
                .publish("bad", &[("good", "true"), ("worse", "member.shoe > 3")])
                .await
                .map(drop),
            Code::InvalidArgument,
            "CRITERION_INVALID",
            "criterion",
        ),
    ];
    for (answer, code, expected, key) in table {
        let refused = answer.expect_err(expected);
        assert!(key.is_empty() || !metadata(&refused, key).is_empty(), "{expected} names {key}");
        assert_eq!(reason(refused), (code, expected.to_owned()));
    }
    let refused = office.publish("bad", &[("good", "true"), ("worse", "member.shoe > 3")]).await;
    assert_eq!(violations(&refused.expect_err("bad")), ["criteria[1].expression"]);
}

#[tokio::test]
async fn a_malformed_request_lists_every_field_that_is_wrong() {
    let folder = folder();
    let (_server, mut office, _) = guangdong(&folder).await;
    let refused = office.check("No Policy", &["mem_1", "x"]).await.expect_err("malformed");
    assert_eq!(violations(&refused), ["policy_id", "member_ids[0]", "member_ids[1]"]);
    let refused = office.check("p", &[]).await.expect_err("empty");
    assert_eq!(violations(&refused), ["member_ids"]);
    let refused = office.publish("", &[("a", "true"), ("a", "")]).await.expect_err("malformed");
    assert_eq!(violations(&refused), ["policy_id", "criteria[1].expression"]);
    let refused = office.publish("p", &[("a", "true"), ("a", "true")]).await.expect_err("twice");
    assert_eq!(violations(&refused), ["criteria[1]"]);
    let verify = wire::VerifyMembershipRequest::default();
    let refused = office.partners.verify_membership(verify).await.map(drop).expect_err("empty");
    assert_eq!(violations(&refused), ["member", "purpose"]);
    let refused = office.import("i", "gd", vec![row(0, 1)]).await.expect_err("line 0");
    assert_eq!(violations(&refused), ["rows.rows[0].line"]);
    let refused = office.suspend("", "mem_").await.expect_err("malformed");
    assert_eq!(violations(&refused), ["request_id", "member_id"]);
    let headless = tokio_stream::iter([wire::ImportRosterRequest { part: None }]);
    let refused = office.registry.import_roster(headless).await.map(drop).expect_err("headless");
    assert_eq!(violations(&refused), ["header"]);
    let list = wire::ListMembersRequest { page_size: -1, ..wire::ListMembersRequest::default() };
    let refused = office.registry.list_members(list).await.map(drop).expect_err("negative");
    assert_eq!(violations(&refused), ["page_size"]);
}

#[tokio::test]
async fn an_import_is_resumed_and_repeated_without_counting_twice() {
    let folder = folder();
    let (_server, mut office, _) = guangdong(&folder).await;
    let mut rows: Vec<wire::RosterRow> = (1..=2_500).map(|n| row(i64::from(n), n)).collect();
    rows[9].id_number = String::from("110105194912310021");
    rows[2_400].line = 5;
    let part = rows[..1_200].to_vec();
    let begun = office.import("big", "gd/guangzhou", part).await.expect("is imported");
    assert_eq!((begun.added, begun.unchanged, begun.bad), (1_197, 2, 1));
    let whole = office.import("big", "gd/guangzhou", rows.clone()).await.expect("goes on");
    assert_eq!((whole.committed_line, whole.added, whole.unchanged), (2_500, 2_496, 2));
    let reasons: Vec<&str> = whole.problems.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!((whole.bad, reasons), (1, vec!["ID_CHECK_DIGIT"]));
    let again = office.import("big", "gd/guangzhou", rows).await.expect("changes nothing");
    assert_eq!(again, whole);
    let get = wire::GetRosterImportRequest { import_id: String::from("big") };
    let report = office.registry.get_roster_import(get).await.expect("is there").into_inner();
    assert_eq!(report.roster_import, Some(whole));
    let lines = vec![row(1, 3_000), row(3, 3_001), row(2, 3_002), row(3, 3_003), row(4, 3_004)];
    let unordered = office.import("unordered", "gd/guangzhou", lines).await.expect("is imported");
    let reasons: Vec<_> = unordered.problems.iter().map(|one| (one.line, &*one.reason)).collect();
    assert_eq!((unordered.added, reasons), (3, vec![(2, "LINE_ORDER"), (3, "LINE_ORDER")]));
}

#[tokio::test]
async fn lists_go_on_page_by_page_and_a_token_belongs_to_its_list() {
    let folder = folder();
    let (_server, mut office, _) = guangdong(&folder).await;
    let rows = (10..40).map(|n| row(i64::from(n), n)).collect();
    office.import("more", "gd/shenzhen", rows).await.expect("is imported");
    let mut ids = Vec::new();
    let mut page_token = String::new();
    loop {
        let (below, page_size) = (String::from("gd"), 7);
        let request = wire::ListMembersRequest { below, page_size, page_token };
        let page = office.registry.list_members(request).await.expect("a page").into_inner();
        ids.extend(page.members.into_iter().map(|member| member.member_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(ids.len(), 32);
    assert!(ids.is_sorted());
    let request = |below: &str, page_token| wire::ListOrganizationsRequest {
        below: below.to_owned(),
        page_size: 1,
        page_token,
    };
    let first = office.registry.list_organizations(request("gd", String::new())).await;
    let token = first.expect("a page").into_inner().next_page_token;
    let foreign = request("gd/guangzhou", token.clone());
    let refused = office.registry.list_organizations(foreign).await.expect_err("is bound");
    assert_eq!(violations(&refused), ["page_token"]);
    let second = office.registry.list_organizations(request("gd", token)).await;
    let second = second.expect("a page").into_inner().organizations;
    assert_eq!(second[0].path, "gd/guangzhou");
}

#[tokio::test]
async fn a_registry_that_is_opened_again_judges_and_remembers_as_before() {
    let folder = folder();
    let (server, mut office, [man, woman]) = guangdong(&folder).await;
    let suspended = office.suspend("s-1", &man).await.expect("is suspended");
    let before = office.check("women-couriers", &[&man, &woman]).await.expect("is judged");
    drop(office);
    server.stop().await;
    let server = Server::start(folder.path()).await;
    let mut office = server.caller("office", None);
    let after = office.check("women-couriers", &[&man, &woman]).await.expect("is judged");
    assert_eq!(after.verdicts, before.verdicts);
    assert_eq!(office.suspend("s-1", &man).await.expect("is remembered"), suspended);
    assert_eq!(office.resolve(&id_number(2)).await.expect("is known").member_id, woman);
}
