//! Whether a statement is what its head says, and the head was signed.

use std::fmt::Write as _;
use std::io;

use aws_lc_rs::digest::{Context, SHA256};
use contracts::redemption::v1::get_statement_response::Part;
use contracts::redemption::v1::{GetStatementResponse, StatementHead};
use rpc::DocumentKey;
use tonic::Streaming;

use super::super::failure::Failure;

/// Reads a statement to its end, and checks that it is what its head says.
pub(super) async fn read(
    mut parts: Streaming<GetStatementResponse>,
    out: &mut dyn io::Write,
) -> Result<StatementHead, Failure> {
    let mut head = None;
    let mut digest = Context::new(&SHA256);
    let mut lines = 0_i64;
    while let Some(part) = parts.message().await? {
        match part.part {
            Some(Part::Head(found)) => head = Some(*found),
            Some(Part::Csv(bytes)) => {
                digest.update(&bytes);
                lines += bytes.iter().map(|byte| i64::from(*byte == b'\n')).sum::<i64>();
                out.write_all(&bytes).map_err(|why| Failure::local(format!("--out: {why}")))?;
            }
            None => {}
        }
    }
    let head = head.ok_or_else(|| Failure::missing("head"))?;
    // One line is the file's header.
    if head.rows != lines - 1 {
        return Err(Failure::local(format!(
            "the statement says {} rows and has {}",
            head.rows,
            lines - 1
        )));
    }
    match digest.finish().as_ref() == head.sha256.as_ref() {
        true => Ok(head),
        false => Err(Failure::local("the statement's rows do not have the digest that it says")),
    }
}

/// Refuses a head that was not signed by the key that it names, of those that are published.
pub(super) fn require_signature(head: &StatementHead, key_set: &str) -> Result<(), Failure> {
    let key = DocumentKey::find(key_set, &head.key_id).ok_or_else(|| {
        Failure::local(format!(
            "the statement is signed by {}, which is not published",
            head.key_id
        ))
    })?;
    match key.verify(signed_text(head).as_bytes(), &head.signature) {
        true => Ok(()),
        false => Err(Failure::local("the signature of the statement's head is not valid")),
    }
}

/// The lines that are signed, as the contract states them.
fn signed_text(head: &StatementHead) -> String {
    let counterparty = match head.funder.as_str() {
        "" => format!("PLATFORM:{}", head.platform),
        funder => format!("FUNDER:{funder}"),
    };
    let mut text = format!(
        "zhisong-statement-1\nbusiness_day={}\ncounterparty={counterparty}\npayout_id={}\n\
         format={}\nrows={}\ncaptured_fen={}\nrefunded_fen={}\ndue_fen={}\nsha256=",
        head.business_day,
        head.payout_id,
        head.format,
        head.rows,
        head.captured_fen,
        head.refunded_fen,
        head.due_fen
    );
    for byte in &head.sha256 {
        write!(text, "{byte:02x}").expect("a String takes everything");
    }
    let closed_at = head.closed_at.and_then(rpc::decode_timestamp);
    let closed_at = closed_at.map_or(0, clock::Timestamp::as_micros);
    text + &format!("\nclosed_at_us={closed_at}\nkey_id={}\n", head.key_id)
}
