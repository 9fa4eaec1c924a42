use super::*;
use crate::domain::entropy::SystemEntropy;

const PERSON: PersonKey = PersonKey::from_bytes([7; 16]);

fn ring(text: &str) -> KeyRing {
    KeyRing::parse(text).expect("the ring is well formed")
}

fn key(digit: char) -> String {
    String::from(digit).repeat(64)
}

#[test]
fn a_generated_ring_can_be_read_and_is_never_the_same() {
    assert!(KeyRing::parse(&generate()).is_ok());
    assert_ne!(generate(), generate());
}

#[test]
fn what_is_not_a_ring_is_refused_without_showing_a_key() {
    let good = key('a');
    let table = [
        (String::new(), KeyRingProblem::Form),
        (format!("[wrapping]\n1 = \"{good}\""), KeyRingProblem::Form),
        (format!("[wrapping]\n[index]\n1 = \"{good}\""), KeyRingProblem::Missing("wrapping")),
        (format!("[wrapping]\n1 = \"{good}\"\n[index]"), KeyRingProblem::Missing("index")),
        (format!("[wrapping]\n0 = \"{good}\"\n[index]"), KeyRingProblem::Version),
        (format!("[wrapping]\none = \"{good}\"\n[index]"), KeyRingProblem::Version),
        (String::from("[wrapping]\n1 = \"abc\"\n[index]"), KeyRingProblem::Key),
        (format!("[wrapping]\n1 = \"{}\"\n[index]", key('g')), KeyRingProblem::Key),
        (format!("[wrapping]\n1 = \"{good}\"\n[index]\n[more]"), KeyRingProblem::Form),
    ];
    for (text, expected) in table {
        let problem = KeyRing::parse(&text).expect_err(&text);
        assert_eq!(problem, expected, "{text}");
        assert!(!problem.to_string().contains(&good));
    }
    let shown = format!("{:?}", ring(&generate()));
    assert_eq!(shown, "KeyRing(REDACTED)");
}

#[test]
fn a_sealed_column_opens_at_its_place_and_at_no_other() {
    let ring = ring(&generate());
    let (data_key, wrapped) = ring.new_data_key(PERSON, &SystemEntropy);
    let sealed = data_key.seal("member|name|mem_1", "王小明", &SystemEntropy);
    let opened = ring.unwrap(PERSON, &wrapped).expect("opens for its person");
    assert_eq!(opened.open("member|name|mem_1", &sealed), Ok(String::from("王小明")));
    assert_eq!(opened.open("member|name|mem_2", &sealed), Err(SealBroken));
    assert_eq!(opened.open("member|phone|mem_1", &sealed), Err(SealBroken));
    let other = PersonKey::from_bytes([8; 16]);
    assert!(ring.unwrap(other, &wrapped).is_err());
    let again = data_key.seal("member|name|mem_1", "王小明", &SystemEntropy);
    assert_ne!(again, sealed, "each sealing has a nonce of its own");
    for at in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[at] ^= 1;
        assert_eq!(opened.open("member|name|mem_1", &damaged), Err(SealBroken), "byte {at}");
    }
    assert_eq!(opened.open("member|name|mem_1", &sealed[..5]), Err(SealBroken));
}

#[test]
fn a_rotated_ring_opens_what_the_earlier_one_sealed_and_writes_with_the_newest() {
    let (a, b) = (key('a'), key('b'));
    let before = ring(&format!("[wrapping]\n1 = \"{a}\"\n[index]\n1 = \"{a}\""));
    let after =
        ring(&format!("[wrapping]\n1 = \"{a}\"\n2 = \"{b}\"\n[index]\n1 = \"{a}\"\n2 = \"{b}\""));
    let (_, wrapped) = before.new_data_key(PERSON, &SystemEntropy);
    assert_eq!(wrapped.version, 1);
    assert!(after.unwrap(PERSON, &wrapped).is_ok());
    assert_eq!(after.new_data_key(PERSON, &SystemEntropy).1.version, 2);
    let newest = after.blind(BlindKind::IdNumber, "RID:1");
    let earlier = before.blind(BlindKind::IdNumber, "RID:1");
    assert_eq!(after.blinds(BlindKind::IdNumber, "RID:1"), [newest, earlier]);
    assert_eq!((before.index_version(), after.index_version()), (1, 2));
}

#[test]
fn a_blind_index_tells_kinds_and_values_apart() {
    let ring = ring(&generate());
    let blind = |kind, value| ring.blind(kind, value);
    assert_eq!(blind(BlindKind::Phone, "1"), blind(BlindKind::Phone, "1"));
    assert_ne!(blind(BlindKind::Phone, "1"), blind(BlindKind::Phone, "2"));
    assert_ne!(blind(BlindKind::Phone, "1"), blind(BlindKind::IdNumber, "1"));
    assert_ne!(ring.content_tag("1"), blind(BlindKind::IdNumber, "1"));
}
