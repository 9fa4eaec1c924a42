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
    let found = registry.find_blind(&[[9; 16], [2; 16]]).expect("is found");
    assert_eq!(Some(&found), registry.find(MemberId::from_bytes([2; 16])).as_ref());
    assert_eq!(registry.find_blind(&[[9; 16]]), None);
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
    let found = registry.find(id).expect("is found");
    assert_eq!((found.organization.as_str(), found.state), ("gd/guangzhou", State::Active));
    registry.set_state(&version(5, "gd/zhuhai", State::Suspended).member);
    registry.apply(version(4, "gd/foshan", State::Active));
    let found = registry.find(id).expect("is found");
    assert_eq!((found.organization.as_str(), found.state), ("gd/guangzhou", State::Suspended));
    registry.apply(version(5, "gd/zhuhai", State::Suspended));
    assert_eq!(registry.find(id).expect("is found").organization.as_str(), "gd/zhuhai");
    registry.set_state(&member(3, "gd"));
    assert_eq!(registry.len(), 1, "an unknown member stays unknown");
}

#[test]
fn a_record_is_within_its_share_of_memory() {
    let record = size_of::<(MemberId, Record)>() + size_of::<(Blind, MemberId)>();
    assert!(record <= 128, "{record} bytes a member");
}
