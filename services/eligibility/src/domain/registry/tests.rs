use clock::Timestamp;
use jiff::civil::date;

use super::*;
use crate::domain::member::{Registration, State};

fn member(id: u8, organization: &str) -> Member {
    Member {
        member_id: MemberId::from_bytes([id; 16]),
        person: PersonKey::from_bytes([id; 16]),
        registration: Registration {
            organization: organization.parse().expect("a path"),
            trade: Trade::Courier,
            employment: Employment::NewForm,
            region: RegionCode::try_from(440_106).expect("a region"),
            honours: Honours::NONE,
        },
        state: State::Active,
        version: 1,
        updated_at: Timestamp::from_micros(0),
    }
}

fn applied(id: u8, organization: &str) -> Applied {
    Applied {
        member: member(id, organization),
        sex: Some(Sex::Male),
        birth: Some(date(1990, 2, 28)),
        blind: Some([id; 16]),
    }
}

#[test]
fn a_member_is_found_by_id_and_by_its_blind_index_among_others() {
    let mut registry = Registry::default();
    registry.apply(applied(1, "gd"));
    registry.apply(applied(2, "gd"));
    let found = registry.find_blind(&[[9; 16], [2; 16]]).expect("is found").entry();
    let by_id = registry.find(MemberId::from_bytes([2; 16])).expect("is found").entry();
    assert_eq!(found, by_id);
    assert!(registry.find_blind(&[[9; 16]]).is_none());
    assert_eq!((registry.len(), registry.is_empty()), (2, false));
}

#[test]
fn the_newest_version_stays_in_whatever_order_changes_come() {
    let mut registry = Registry::default();
    let version = |version: i64, organization: &str, state: State| {
        let change = applied(1, organization);
        Applied { member: Member { version, state, ..change.member }, ..change }
    };
    registry.apply(version(1, "gd", State::Active));
    registry.apply(version(3, "gd/guangzhou", State::Active));
    registry.apply(version(2, "gd/shenzhen", State::Suspended));
    registry.set_state(&version(2, "gd/shenzhen", State::Suspended).member);
    let id = MemberId::from_bytes([1; 16]);
    let found = registry.find(id).expect("is found").entry();
    assert_eq!((found.organization.as_str(), found.state), ("gd/guangzhou", State::Active));
    registry.set_state(&version(5, "gd/zhuhai", State::Suspended).member);
    registry.apply(version(4, "gd/foshan", State::Active));
    let found = registry.find(id).expect("is found").entry();
    assert_eq!((found.organization.as_str(), found.state), ("gd/guangzhou", State::Suspended));
    registry.apply(version(5, "gd/zhuhai", State::Suspended));
    let found = registry.find(id).expect("is found");
    assert_eq!(found.organization().as_str(), "gd/zhuhai");
    registry.set_state(&member(3, "gd"));
    assert_eq!(registry.len(), 1, "an unknown member stays unknown");
}

#[test]
fn members_are_counted_where_they_are() {
    let mut registry = Registry::default();
    for (id, organization) in [(1, "gd"), (2, "gd/guangzhou"), (3, "gd/guangzhou"), (4, "gx")] {
        registry.apply(applied(id, organization));
    }
    let moved = applied(3, "gx");
    registry.apply(Applied { member: Member { version: 2, ..moved.member }, ..moved });
    let below = |path: &str| registry.count_below(Some(&path.parse().expect("a path")));
    assert_eq!(["gd", "gd/guangzhou", "gx", "gz"].map(below), [2, 1, 2, 0]);
    assert_eq!(registry.count_below(None), registry.len());
}

#[test]
fn every_one_of_many_members_is_found_and_nobody_else() {
    let mut registry = Registry::default();
    let key = |number: u32, salt: u8| {
        let digest = aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            &[&number.to_be_bytes()[..], &[salt]].concat(),
        );
        *digest.as_ref().first_chunk::<16>().expect("SHA-256 is longer")
    };
    let numbers = 0..20_000;
    for number in numbers.clone() {
        let one = applied(1, "gd");
        let (member_id, person) =
            (MemberId::from_bytes(key(number, 0)), PersonKey::from_bytes(key(number, 1)));
        let member = Member { member_id, person, ..one.member };
        registry.apply(Applied { member, blind: Some(key(number, 2)), ..one });
    }
    assert_eq!(registry.len(), numbers.len());
    for number in numbers.clone() {
        let person = Some(PersonKey::from_bytes(key(number, 1)));
        let by_id = registry.find(MemberId::from_bytes(key(number, 0)));
        assert_eq!(by_id.map(|found| found.entry().person), person);
        let by_blind = registry.find_blind(&[key(number, 2)]);
        assert_eq!(by_blind.map(|found| found.entry().person), person);
        assert!(registry.find(MemberId::from_bytes(key(number, 2))).is_none());
    }
    let each = registry.bytes() / numbers.len();
    assert!(each <= 128, "{each} bytes a member");
}

#[test]
fn a_member_whose_blind_index_changes_is_found_by_the_newer_one() {
    let mut registry = Registry::default();
    for id in 1..=100 {
        registry.apply(applied(id, "gd"));
    }
    for id in 1..=100 {
        let later = applied(id, "gd");
        let member = Member { version: 2, ..later.member };
        registry.apply(Applied { member, blind: Some([id + 100; 16]), ..later });
    }
    for id in 1..=100 {
        let found = registry.find_blind(&[[id + 100; 16], [id; 16]]).expect("is found");
        assert_eq!(found.entry().member_id, MemberId::from_bytes([id; 16]));
        assert!(registry.find_blind(&[[id; 16]]).is_none(), "the older one is nobody's");
    }
    assert!(registry.find_blind(&[[0; 16]]).is_none(), "no blind index is nobody's");
}

#[test]
fn a_record_is_within_its_share_of_memory() {
    // Two indexes at their emptiest, right after they have grown.
    let most = size_of::<Record>() + 2 * 4 * 8 / 3;
    assert!(most <= 128, "{most} bytes a member");
}

fn handle(key: u8, member: u8, is_live: bool, version: i64) -> Handle {
    Handle { key: [key; 16], member_id: MemberId::from_bytes([member; 16]), is_live, version }
}

#[test]
fn a_member_is_found_by_its_live_handles_in_their_newest_version() {
    let mut registry = Registry::default();
    let id = |found: Option<Found<'_>>| found.map(|found| found.entry().member_id.as_bytes()[0]);
    registry.apply_handle(&handle(10, 1, true, 1));
    assert!(registry.find_handle(&[[10; 16]]).is_none(), "its member is not here yet");
    registry.apply(applied(1, "gd"));
    registry.apply(applied(2, "gd"));
    registry.apply_handle(&handle(10, 1, true, 1));
    registry.apply_handle(&handle(11, 2, true, 1));
    assert_eq!(id(registry.find_handle(&[[9; 16], [10; 16]])), Some(1));
    assert_eq!(id(registry.find_handle(&[[11; 16]])), Some(2));
    registry.apply_handle(&handle(10, 1, false, 2));
    registry.apply_handle(&handle(10, 1, true, 1));
    assert_eq!(id(registry.find_handle(&[[10; 16]])), None, "an older version comes too late");
    registry.apply_handle(&handle(10, 2, true, 3));
    assert_eq!(id(registry.find_handle(&[[10; 16]])), Some(2), "it has another owner");
    assert!(registry.find(MemberId::from_bytes([10; 16])).is_none(), "a handle is no id");
}

#[test]
fn every_one_of_many_handles_is_found_and_takes_its_share_of_memory() {
    let mut registry = Registry::default();
    registry.apply(applied(1, "gd"));
    let without = registry.bytes();
    let key = |number: u32| {
        let digest =
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &number.to_be_bytes()[..]);
        *digest.as_ref().first_chunk::<16>().expect("SHA-256 is longer")
    };
    let numbers = 0..20_000;
    for number in numbers.clone() {
        registry.apply_handle(&Handle { key: key(number), ..handle(0, 1, true, 1) });
    }
    assert!(numbers.clone().all(|number| registry.find_handle(&[key(number)]).is_some()));
    assert!(registry.find_handle(&[key(20_000)]).is_none());
    let each = (registry.bytes() - without) / numbers.len();
    assert!(each <= 36, "{each} bytes a handle");
}
