//! Parts of an order are captured and given back from the command line.

use serde_json::json;

use crate::bench::Served;

#[test]
fn a_part_of_an_order_is_captured_and_goes_back_in_parts() {
    let served = Served::start();
    let member = &served.open_campaign(1)[0];
    served.claim(member, "claim-1");
    let order = "--line cold-drink=3.50 --line hot-meal=12 --shop s1 --region 440103 --order o1";
    let held = served.json(&format!("checkout authorize --member {member} {order}"));
    assert_eq!(held["line_amounts_fen"], json!([350, 1200]));
    assert_eq!(held["vouchers"][0]["organization"], "gd");

    let refused = served.refused("checkout capture --order o1 --line 2=1.00");
    assert_eq!(refused["reason"], "PORTION_LINE_UNKNOWN");
    let captured = served.json("checkout capture --order o1 --line 0=3.50 --line 1=2");
    assert_eq!(captured["captured_amounts_fen"], json!([350, 200]));
    assert_eq!((&captured["captured_fen"], &captured["refunded_fen"]), (&json!(299), &json!(0)));

    let first = served.json("checkout refund --order o1 --line 0=1.00 --request-id r1");
    assert_eq!((&first["state"], &first["right_returned"]), (&json!("CAPTURED"), &json!(false)));
    // 299 x 100 / 350 = 85.4.
    assert_eq!(first["refund"]["voucher_discounts_fen"], json!([85]));
    let above = served.refused("checkout refund --order o1 --amount 4.51");
    assert_eq!(above["reason"], "PORTION_ABOVE_ORDER");
    assert_eq!(above["metadata"]["left_fen"], "450");
    let second = served.json("checkout refund --order o1 --amount 4.50");
    assert_eq!((&second["state"], &second["right_returned"]), (&json!("REFUNDED"), &json!(true)));
    assert_eq!(second["refund"]["discount_fen"], 214);
    let again = served.json(
        "checkout refund --authorization ID --line 0=1.00 --request-id r1"
            .replace("ID", held["authorization_id"].as_str().expect("an id"))
            .as_str(),
    );
    assert_eq!(again, first, "the same request gets the same answer");
    let found = served.json("checkout get --order o1");
    assert_eq!(found["refunds"].as_array().map(Vec::len), Some(2));
    let wallet = served.json(&format!("wallet --member {member}"));
    assert_eq!(
        (&wallet["vouchers"][0]["uses_left"], &wallet["vouchers"][0]["reason"]),
        (&json!(1), &json!(""))
    );
}
