use zhisong::laws::Law::{Feed, I1, I2, I3, I4, I5, I6};
use zhisong::laws::{Ack, ClaimAck, OK};

use super::history::{History, Of};
use super::next_day::CAMPAIGN;
use super::{Case, Corruption, catches};

pub fn cases() -> Vec<Case> {
    vec![
        (
            "i1_catches_a_count_that_is_above_the_quota_or_not_the_vouchers",
            i1_catches_a_count_that_is_above_the_quota_or_not_the_vouchers,
        ),
        (
            "i1_catches_a_feed_with_a_gap_or_a_voucher_fed_twice_or_never",
            i1_catches_a_feed_with_a_gap_or_a_voucher_fed_twice_or_never,
        ),
        (
            "i2_catches_a_person_with_too_many_also_when_the_limit_rows_agree",
            i2_catches_a_person_with_too_many_also_when_the_limit_rows_agree,
        ),
        (
            "i2_catches_limit_rows_that_are_missing_misnumbered_or_of_nothing",
            i2_catches_limit_rows_that_are_missing_misnumbered_or_of_nothing,
        ),
        (
            "i3_catches_a_voucher_that_its_request_does_not_reach_or_that_changed",
            i3_catches_a_voucher_that_its_request_does_not_reach_or_that_changed,
        ),
        (
            "i3_catches_an_acknowledged_voucher_that_is_not_there",
            i3_catches_an_acknowledged_voucher_that_is_not_there,
        ),
        (
            "i4_catches_sold_out_that_was_said_while_some_were_left",
            i4_catches_sold_out_that_was_said_while_some_were_left,
        ),
        ("other_refusals_of_a_claim_prove_nothing", other_refusals_of_a_claim_prove_nothing),
        (
            "i5_catches_a_liability_that_is_not_the_terms",
            i5_catches_a_liability_that_is_not_the_terms,
        ),
        (
            "i5_catches_a_fund_that_gave_out_too_much_or_what_no_voucher_took",
            i5_catches_a_fund_that_gave_out_too_much_or_what_no_voucher_took,
        ),
    ]
}

fn i1_catches_a_count_that_is_above_the_quota_or_not_the_vouchers(history: &History) {
    catches(
        history,
        &[
            Corruption {
                of: Of::Issuance,
                sql: "UPDATE stock SET quota = issued - 1 WHERE {day}",
                broken: &[I1, I4, I5],
                says: "more than their quota",
            },
            Corruption {
                of: Of::Issuance,
                sql: "UPDATE stock SET quota = issued - 1 WHERE {day}",
                broken: &[I1, I4, I5],
                says: "did not end with exactly their quota",
            },
            Corruption {
                of: Of::Issuance,
                sql: "UPDATE stock SET quota = issued - 1 WHERE {day}",
                broken: &[I1, I4, I5],
                says: "above their money",
            },
            Corruption {
                of: Of::Issuance,
                sql: "UPDATE stock SET issued = issued - 1 WHERE {day}",
                broken: &[I1],
                says: "not that of their vouchers",
            },
            Corruption {
                of: Of::Issuance,
                sql: "UPDATE voucher SET serial = serial + 1 WHERE {day} AND serial = 40",
                broken: &[I1, I3],
                says: "serials are not 1",
            },
            Corruption {
                of: Of::Issuance,
                sql: "DELETE FROM voucher WHERE {first}",
                broken: &[I1, I2, I3, I6, Feed],
                says: "not that of their vouchers",
            },
            Corruption {
                of: Of::Issuance,
                sql: "DELETE FROM stock WHERE {day}",
                broken: &[I1, Feed],
                says: "vouchers of no stock",
            },
        ],
    );
}

fn i1_catches_a_feed_with_a_gap_or_a_voucher_fed_twice_or_never(history: &History) {
    catches(history, &[
        Corruption {
            of: Of::Issuance,
            sql: "UPDATE feed SET position = position + 1 WHERE {day} AND position = 40",
            broken: &[I1],
            says: "feed positions are not 1",
        },
        Corruption {
            of: Of::Issuance,
            sql: "UPDATE stock SET feed_head = feed_head + 1 WHERE {day};
                  INSERT INTO feed SELECT campaign_id, period, slice, 41, voucher_id, kind
                  FROM feed WHERE {day} AND position = 1",
            broken: &[I1],
            says: "not fed exactly once",
        },
        Corruption {
            of: Of::Issuance,
            sql:
                "INSERT INTO feed SELECT campaign_id, 'day:2022-07-25', slice, position, voucher_id,
                  kind FROM feed WHERE {day} AND position = 1",
            broken: &[I1],
            says: "feed positions of no stock",
        },
        Corruption {
            of: Of::Issuance,
            sql: "UPDATE feed SET voucher_id = x'00112233445566778899aabbccddeeff'
                  WHERE {day} AND position = 1",
            broken: &[I1, Feed],
            says: "a voucher that is not of the stock",
        },
    ]);
}

fn i2_catches_a_person_with_too_many_also_when_the_limit_rows_agree(history: &History) {
    catches(
        history,
        &[
            // The whole of one person's day given to another, consistently.
            Corruption {
                of: Of::Issuance,
                sql: "UPDATE person_limit SET n = 2, person_key = {last_person}
                  WHERE {first};
                  UPDATE claim_request SET person_key = {last_person}
                  WHERE {first};
                  UPDATE voucher SET person_key = {last_person}
                  WHERE {first}",
                broken: &[I2, Feed],
                says: "more vouchers than allowed",
            },
            // The limit rows say that it was another day; the voucher says that it was not.
            Corruption {
                of: Of::Issuance,
                sql: "UPDATE person_limit SET period = 'day:2022-07-25' WHERE {first}",
                broken: &[I2],
                says: "another limit or period",
            },
            Corruption {
                of: Of::Eligibility,
                sql: "UPDATE member SET person_key = x'00112233445566778899aabbccddeeff'
                  WHERE member_id = (SELECT member_id FROM member ORDER BY member_id LIMIT 1)",
                broken: &[I2],
                says: "member is not the person",
            },
        ],
    );
}

fn i2_catches_limit_rows_that_are_missing_misnumbered_or_of_nothing(history: &History) {
    catches(history, &[
        Corruption {
            of: Of::Issuance,
            sql: "DELETE FROM person_limit WHERE {first}",
            broken: &[I2],
            says: "without a limit row",
        },
        Corruption {
            of: Of::Issuance,
            sql: "UPDATE person_limit SET n = 2 WHERE {first}",
            broken: &[I2],
            says: "numbers are not 1",
        },
        Corruption {
            of: Of::Issuance,
            sql:
                "INSERT INTO person_limit SELECT person_key, slice, limit_id, period, 2, voucher_id
                  FROM person_limit WHERE {first}",
            broken: &[I2],
            says: "more than one limit row",
        },
        Corruption {
            of: Of::Issuance,
            sql: "UPDATE person_limit SET voucher_id = x'00112233445566778899aabbccddeeff'
                  WHERE {first}",
            broken: &[I2],
            says: "of no voucher of the person",
        },
        Corruption {
            of: Of::Issuance,
            sql: "UPDATE campaign SET programme = 'schema = 2'",
            broken: &[I2, I5],
            says: "does not read",
        },
    ]);
}

fn i3_catches_a_voucher_that_its_request_does_not_reach_or_that_changed(history: &History) {
    catches(history, &[
        Corruption {
            of: Of::Issuance,
            sql: "DELETE FROM claim_request WHERE {first}",
            broken: &[I3],
            says: "no request reaches",
        },
        Corruption {
            of: Of::Issuance,
            sql: "UPDATE claim_request SET request_id = 'another' WHERE {first}",
            broken: &[I3],
            says: "not there as acknowledged",
        },
        Corruption {
            of: Of::Issuance,
            sql:
                "INSERT INTO claim_request SELECT person_key, slice, campaign_id, caller, 'another',
                  shard, member_id, voucher_id FROM claim_request WHERE {first}",
            broken: &[I3],
            says: "several requests",
        },
        Corruption {
            of: Of::Issuance,
            sql: "UPDATE claim_request SET voucher_id = x'00112233445566778899aabbccddeeff'
                  WHERE {first}",
            broken: &[I3],
            says: "got no such voucher",
        },
    ]);
}

fn claim(answer: &str) -> ClaimAck {
    ClaimAck {
        caller: "member-app".to_owned(),
        campaign_id: CAMPAIGN.to_owned(),
        request_id: "claim-of-the-test".to_owned(),
        member_id: "mem_00112233445566778899aabbccddeeff".to_owned(),
        answer: answer.to_owned(),
        voucher_id: None,
        stock_period: Some("day:2022-07-22".to_owned()),
        serial: None,
    }
}

fn i3_catches_an_acknowledged_voucher_that_is_not_there(history: &History) {
    let copy = history.copy();
    copy.acknowledge(&Ack::Claim(ClaimAck {
        voucher_id: Some("vch_00112233445566778899aabbccddeeff".to_owned()),
        serial: Some(41),
        ..claim(OK)
    }));
    assert_eq!(copy.check().broken(), [I3]);
}

fn i4_catches_sold_out_that_was_said_while_some_were_left(history: &History) {
    let copy = history.copy();
    copy.acknowledge(&Ack::Claim(claim("SOLD_OUT")));
    assert_eq!(copy.check().broken(), [I4]);
    // The same answer is right when the quota is what was issued.
    assert!(copy.corrupt(Of::Issuance, "UPDATE stock SET quota = issued") > 0);
    let report = copy.check();
    assert_eq!(report.broken(), [], "{}", report.table());
    // Nothing was given out on that day at all.
    let day = Some("day:2022-07-25".to_owned());
    copy.acknowledge(&Ack::Claim(ClaimAck { stock_period: day, ..claim("SOLD_OUT") }));
    assert_eq!(copy.check().broken(), [I4]);
}

fn other_refusals_of_a_claim_prove_nothing(history: &History) {
    let copy = history.copy();
    copy.acknowledge(&Ack::Claim(claim("PERSON_LIMIT_REACHED")));
    assert_eq!(copy.check().broken(), []);
}

fn i5_catches_a_fund_that_gave_out_too_much_or_what_no_voucher_took(history: &History) {
    let fund = |says| Corruption {
        of: Of::Issuance,
        sql: "INSERT INTO fund (fund_id, organization, pledged_fen, issued_fen, created_by,
                request_id, created_at) VALUES ('f', 'gd', 1, 2, 'ops', 'r', 0)",
        broken: &[I5, I6],
        says,
    };
    catches(
        history,
        &[fund("more than was pledged"), fund("not that of their campaigns' vouchers")],
    );
}

fn i5_catches_a_liability_that_is_not_the_terms(history: &History) {
    catches(
        history,
        &[Corruption {
            of: Of::Issuance,
            sql: "UPDATE voucher SET liability_fen = liability_fen - 1 WHERE {first}",
            broken: &[I5, I6],
            says: "not the terms'",
        }],
    );
}
