use std::sync::Arc;
use std::time::Duration;

use clock::{Clock, SystemClock, Timestamp};
use member_identity::OrganizationPath;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::*;

fn grant(scopes: &[&str]) -> Grant {
    Grant {
        subject: "tea-pay".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        organization: Some(OrganizationPath::parse("gd/guangzhou").expect("a path")),
    }
}

fn pair() -> (Signer, Verifier) {
    let (private, public) = Signer::generate().expect("a key");
    let signer = Signer::from_pem("k1", &private).expect("its own format");
    let verifier = Verifier::new(&[("k1".to_owned(), public)], Arc::new(SystemClock));
    (signer, verifier.expect("its own format"))
}

fn reason_of(result: Result<Arc<Caller>, Problem>) -> ErrorReason {
    result.expect_err("is refused").reason()
}

#[test]
fn a_signed_token_names_its_caller_each_time_it_is_shown() {
    let (signer, verifier) = pair();
    let grant = grant(&["voucher.claim", "voucher.read"]);
    let token = signer.sign(&grant, SystemClock.wall(), Duration::from_secs(60)).expect("signs");
    for _ in 0..2 {
        let caller = verifier.verify(&token).expect("is let in");
        assert_eq!(caller.subject, "tea-pay");
        assert!(caller.has_scope("voucher.read") && !caller.has_scope("voucher"));
        assert_eq!(caller.organization, grant.organization);
    }
}

#[test]
fn an_expired_a_foreign_and_an_altered_token_are_told_apart() {
    let (signer, verifier) = pair();
    let (stranger, _) = pair();
    let grant = grant(&["voucher.claim"]);
    let now = SystemClock.wall();
    let old = Timestamp::from_micros(now.as_micros() - 3_600_000_000);
    let expired = signer.sign(&grant, old, Duration::from_secs(60)).expect("signs");
    assert_eq!(reason_of(verifier.verify(&expired)), ErrorReason::TokenExpired);
    let foreign = stranger.sign(&grant, now, Duration::from_secs(60)).expect("signs");
    assert_eq!(reason_of(verifier.verify(&foreign)), ErrorReason::TokenInvalid);
    let good = signer.sign(&grant, now, Duration::from_secs(60)).expect("signs");
    let mut parts: Vec<_> = good.split('.').map(str::to_owned).collect();
    parts[1] = foreign.split('.').nth(1).expect("three parts").to_owned() + "AA";
    assert_eq!(reason_of(verifier.verify(&parts.join("."))), ErrorReason::TokenInvalid);
    assert_eq!(reason_of(verifier.verify("nonsense")), ErrorReason::TokenInvalid);
}

#[test]
fn a_caller_sees_its_own_organization_and_what_is_below() {
    let (signer, verifier) = pair();
    let token = signer.sign(&grant(&["x"]), SystemClock.wall(), Duration::from_secs(60));
    let caller = verifier.verify(&token.expect("signs")).expect("is let in");
    let path = |text| OrganizationPath::parse(text).expect("a path");
    for inside in ["gd/guangzhou", "gd/guangzhou/tianhe"] {
        assert!(caller.require_within(&path(inside)).is_ok(), "{inside}");
    }
    for outside in ["gd", "gd/shenzhen", "gd/guangzhou-2"] {
        let refused = caller.require_within(&path(outside)).expect_err("is outside");
        assert_eq!(refused.reason(), ErrorReason::OutsideSubtree, "{outside}");
    }
}

#[test]
fn every_reason_has_a_code_and_both_texts() {
    let known = (1..200).filter_map(|value| ErrorReason::try_from(value).ok());
    let mut texts = std::collections::HashSet::new();
    for reason in known {
        let problem = Problem::new(reason);
        let (zh, en) = problem.shown();
        assert!(zh.chars().any(|letter| letter >= '\u{4e00}'), "{reason:?} has Chinese text");
        assert!(en.is_ascii() && !en.is_empty(), "{reason:?} has English text");
        assert!(texts.insert(en.into_owned()), "{reason:?} has a text of its own");
        assert_ne!(Status::from(Problem::new(reason)).code(), Code::Unknown, "{reason:?}");
    }
}

#[test]
fn every_reason_is_answered_as_the_contract_documents_it() {
    let files = FileDescriptorSet::decode(contracts::DESCRIPTOR_SET).expect("our own");
    let file = files.file.iter().find(|file| file.name().ends_with("/error_reason.proto"));
    let file = file.expect("the reasons have a file");
    let locations = &file.source_code_info.as_ref().expect("comments are kept").location;
    let mut documented = 0;
    for (index, value) in file.enum_type[0].value.iter().enumerate() {
        // The path of a value of a file's first enum: enum_type 0, value `index`.
        let path = [5, 0, 2, i32::try_from(index).expect("few")];
        let location = locations.iter().find(|location| location.path == path);
        let comment = location.expect("has a place").leading_comments();
        let reason = ErrorReason::try_from(value.number()).expect("generated from the same file");
        if reason == ErrorReason::Unspecified {
            continue;
        }
        documented += 1;
        let comment = comment.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_documents(&comment, reason);
    }
    assert_eq!(documented, (1..200).filter(|n| ErrorReason::try_from(*n).is_ok()).count());
}

/// A code as the specification of gRPC writes it.
fn wire_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

/// A comment reads: meaning, code and details, `Metadata:` and keys, `Retry?` and advice.
fn assert_documents(comment: &str, reason: ErrorReason) {
    let spec = reasons::spec(reason);
    let (answer, rest) = comment.split_once("Metadata: ").expect(comment);
    let (metadata, retry) = rest.split_once(". Retry? ").expect(comment);
    let code = wire_name(spec.code);
    let (meaning, _) = answer.split_once(&format!(". {code}")).expect(comment);
    assert!(meaning.len() > 10, "{reason:?}: {meaning}");
    assert_eq!(answer.contains("RetryInfo"), spec.retry_after.is_some(), "{reason:?}");
    let keys: Vec<_> = metadata.split('`').skip(1).step_by(2).collect();
    assert_eq!(keys, spec.keys, "{reason:?}");
    assert_eq!(keys.is_empty(), metadata == "none", "{reason:?}: {metadata}");
    assert!(retry.len() > 1 && retry.ends_with('.'), "{reason:?}: {retry}");
}

#[test]
fn a_refusal_carries_reason_data_and_texts() {
    let problem = Problem::new(ErrorReason::SoldOut)
        .with("quota", 50_000)
        .quota("campaign:guangdong-cool-drinks-2022", "50000 a day");
    let status = Status::from(problem);
    assert_eq!(status.code(), Code::FailedPrecondition);
    let details = status.get_error_details_vec();
    let info = status.get_details_error_info().expect("has a reason");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("SOLD_OUT", "zhisong"));
    assert_eq!(info.metadata["quota"], "50000");
    assert!(status.get_details_quota_failure().is_some());
    let languages = details.iter().filter_map(|detail| match detail {
        tonic_types::ErrorDetail::LocalizedMessage(message) => Some(message.locale.as_str()),
        _ => None,
    });
    assert_eq!(languages.collect::<Vec<_>>(), ["zh-CN", "en"]);
}

#[test]
fn a_request_with_several_faults_lists_them_all_by_path() {
    let mut fields = Fields::new();
    let id = fields.parse::<RequestId>("request_id", "no blanks allowed");
    let name = fields.parse::<RequestId>("member_id", "");
    let problem = fields.finish(id.zip(name)).expect_err("two faults");
    let status = Status::from(problem);
    let listed = status.get_details_bad_request().expect("lists fields").field_violations;
    let paths: Vec<_> = listed.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(paths, ["request_id", "member_id"]);
}

#[test]
fn a_page_token_goes_on_only_in_the_list_it_came_from() {
    let token = PageToken::encode("members below gd", b"key");
    assert_eq!(PageToken::decode("members below gd", &token).expect("own"), Some(b"key".to_vec()));
    assert_eq!(PageToken::decode("members below gd", "").expect("first page"), None);
    for foreign in ["zz", "00", token[2..].to_owned().as_str()] {
        assert!(PageToken::decode("members below gd", foreign).is_err(), "{foreign}");
    }
    assert!(PageToken::decode("members below fs", &token).is_err());
    assert_eq!(page_size(0, 50, 200).expect("default"), 50);
    assert_eq!(page_size(1_000, 50, 200).expect("clamped"), 200);
    assert!(page_size(-1, 50, 200).is_err());
}

#[test]
fn a_timestamp_survives_the_wire_also_before_the_epoch() {
    for micros in [0, 1, -1, 1_658_419_200_000_001, -1_658_419_200_000_001] {
        let instant = Timestamp::from_micros(micros);
        assert_eq!(decode_timestamp(encode_timestamp(instant)), Some(instant));
    }
    let broken = prost_types::Timestamp { seconds: 0, nanos: -1 };
    assert_eq!(decode_timestamp(broken), None);
}
