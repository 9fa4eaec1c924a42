use std::fmt::{Debug, Display};
use std::str::FromStr;

use clock::Timestamp;
use proptest::prelude::*;

use crate::{
    AuthorizationId, IdTextProblem, ImportId, MemberId, OrganizationPath, OrganizationProblem,
    PersonKey, RefundId, Shard, TransactionId, VoucherId,
};

const PREFIXES: [&str; 6] = [
    MemberId::PREFIX,
    VoucherId::PREFIX,
    AuthorizationId::PREFIX,
    ImportId::PREFIX,
    RefundId::PREFIX,
    TransactionId::PREFIX,
];

fn path(text: &str) -> OrganizationPath {
    OrganizationPath::parse(text).unwrap()
}

/// The text is read back as the same id, and as no other kind.
fn check_text<I>(id: I, prefix: &str)
where
    I: Copy + Debug + Display + Eq + FromStr<Err = IdTextProblem>,
{
    let text = id.to_string();
    assert_eq!(text.len(), 36);
    assert_eq!(text.parse(), Ok(id));
    for other in PREFIXES.into_iter().filter(|other| *other != prefix) {
        assert_eq!(text.replace(prefix, other).parse::<I>(), Err(IdTextProblem::Prefix));
    }
}

#[test]
fn an_id_is_shard_then_milliseconds_then_entropy() {
    let at = Timestamp::from_micros(0x0102_0304_0506 * 1_000 + 999);
    let id = MemberId::mint(Shard(0xab), at, [7; 9]);
    assert_eq!(id.to_string(), "mem_ab010203040506070707070707070707");
    assert_eq!(format!("{id:?}"), id.to_string());
    assert_eq!(id.shard(), Shard(0xab));
}

#[test]
fn an_instant_outside_48_bits_is_moved_to_the_nearest() {
    let early = VoucherId::mint(Shard(0), Timestamp::from_micros(-1), [0; 9]);
    assert_eq!(early.as_bytes(), &[0; 16]);
    let late = VoucherId::mint(Shard(0), Timestamp::from_micros(i64::MAX), [0; 9]);
    assert_eq!(late.as_bytes()[1..7], [0xff; 6]);
}

#[test]
fn ids_of_one_shard_sort_by_age() {
    let older = ImportId::mint(Shard(3), Timestamp::from_micros(1_000), [255; 9]);
    let newer = ImportId::mint(Shard(3), Timestamp::from_micros(2_000), [0; 9]);
    assert!(older < newer);
    assert!(older.to_string() < newer.to_string());
}

#[test]
fn a_text_that_is_no_id_is_refused() {
    let rows = [
        ("", IdTextProblem::Prefix),
        ("mem", IdTextProblem::Prefix),
        ("MEM_00000000000000000000000000000000", IdTextProblem::Prefix),
        ("vch_00000000000000000000000000000000", IdTextProblem::Prefix),
        ("mem_", IdTextProblem::Length),
        ("mem_0000000000000000000000000000000", IdTextProblem::Length),
        ("mem_000000000000000000000000000000000", IdTextProblem::Length),
        ("mem_0000000000000000000000000000000A", IdTextProblem::Digits),
        ("mem_+0000000000000000000000000000000", IdTextProblem::Digits),
        ("mem_0000000000000000000000000000000张", IdTextProblem::Digits),
    ];
    for (text, problem) in rows {
        assert_eq!(text.parse::<MemberId>(), Err(problem), "{text}");
    }
    assert_eq!(IdTextProblem::Prefix.reason(), "ID_TEXT_PREFIX");
    assert_eq!(IdTextProblem::Length.reason(), "ID_TEXT_LENGTH");
    assert_eq!(IdTextProblem::Digits.reason(), "ID_TEXT_DIGITS");
}

#[test]
fn a_person_key_prints_two_bytes_only() {
    let key = PersonKey::from_bytes([0x5a; 16]);
    assert_eq!(format!("{key:?}"), "PersonKey(5a5a..)");
    assert_eq!(key.shard(), Shard(0x5a));
    assert_eq!(PersonKey::try_from(key.as_bytes().as_slice()).unwrap(), key);
    assert!(PersonKey::try_from([0; 15].as_slice()).is_err());
    assert!(MemberId::try_from([0; 17].as_slice()).is_err());
}

#[test]
fn a_path_has_one_to_six_slugs() {
    let longest = "a".repeat(32);
    for text in ["gd", "gd/guangzhou/sf-express", "a/b/c/d/e/6", &longest] {
        assert_eq!(path(text).as_str(), text);
    }
    let too_long = "a".repeat(33);
    let rows = [
        ("", OrganizationProblem::Segment),
        ("/", OrganizationProblem::Segment),
        ("gd/", OrganizationProblem::Segment),
        ("/gd", OrganizationProblem::Segment),
        ("gd//x", OrganizationProblem::Segment),
        ("GD", OrganizationProblem::Segment),
        ("gd ", OrganizationProblem::Segment),
        ("-gd", OrganizationProblem::Segment),
        ("gd/x-", OrganizationProblem::Segment),
        ("广东", OrganizationProblem::Segment),
        (&too_long, OrganizationProblem::Segment),
        ("a/b/c/d/e/f/g", OrganizationProblem::Depth),
    ];
    for (text, problem) in rows {
        assert_eq!(OrganizationPath::parse(text), Err(problem), "{text}");
    }
    assert_eq!(OrganizationProblem::Depth.reason(), "ORGANIZATION_DEPTH");
    assert_eq!(OrganizationProblem::Segment.reason(), "ORGANIZATION_SEGMENT");
}

#[test]
fn a_path_contains_itself_and_what_is_below_by_whole_segments() {
    assert!(path("gd").contains(&path("gd")));
    assert!(path("gd").contains(&path("gd/guangzhou/sf-express")));
    assert!(!path("gd").contains(&path("gdx")));
    assert!(!path("gd").contains(&path("gd-x/y")));
    assert!(!path("gd/guangzhou").contains(&path("gd")));
    assert_eq!(path("gd/guangzhou").parent(), Some(path("gd")));
    assert_eq!(path("gd").parent(), None);
    assert_eq!(path("gd/guangzhou").depth(), 2);
}

proptest! {
    #[test]
    fn the_text_of_an_id_is_read_back_by_its_own_kind_only(bytes in any::<[u8; 16]>()) {
        check_text(MemberId::from_bytes(bytes), "mem");
        check_text(VoucherId::from_bytes(bytes), "vch");
        check_text(AuthorizationId::from_bytes(bytes), "aut");
        check_text(ImportId::from_bytes(bytes), "imp");
        check_text(RefundId::from_bytes(bytes), "rfd");
        check_text(TransactionId::from_bytes(bytes), "txn");
    }

    #[test]
    fn ids_sort_as_their_texts_do(a in any::<[u8; 16]>(), b in any::<[u8; 16]>()) {
        let (a, b) = (VoucherId::from_bytes(a), VoucherId::from_bytes(b));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
    }

    #[test]
    fn parents_contain_a_path_at_every_depth(text in "[a-z0-9]{1,4}(/[a-z0-9]{1,4}){0,5}") {
        let place = path(&text);
        let parents: Vec<_> =
            std::iter::successors(Some(place.clone()), OrganizationPath::parent).collect();
        prop_assert_eq!(parents.len(), place.depth());
        prop_assert!(parents.iter().all(|parent| parent.contains(&place)));
        prop_assert!(parents[1..].iter().all(|parent| !place.contains(parent)));
    }

    #[test]
    fn any_text_is_a_path_as_written_or_refused(text in "[a-c/-]{0,12}") {
        if let Ok(place) = OrganizationPath::parse(&text) {
            prop_assert_eq!(place.to_string(), text);
        }
    }
}
