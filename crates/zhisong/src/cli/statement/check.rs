//! Whether a statement is what its head says, and the head was signed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use contracts::redemption::v1::get_statement_response::Part;
use contracts::redemption::v1::{GetStatementResponse, StatementHead};
use futures::{Stream, TryStreamExt as _};
use rpc::DocumentKey;
use tonic::Status;

use super::super::failure::Failure;
use crate::hex::hex;

/// What the rows are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    #[cfg(feature = "parquet")]
    Parquet,
}

pub(super) fn parse_format(text: &str) -> Result<Format, &'static str> {
    match text {
        "csv" => Ok(Format::Csv),
        #[cfg(feature = "parquet")]
        "parquet" => Ok(Format::Parquet),
        #[cfg(not(feature = "parquet"))]
        "parquet" => Err("this zhisong was built without Parquet: build it with \
                          `cargo build --release -p zhisong --features parquet`, or take csv"),
        _ => Err("is neither csv nor parquet"),
    }
}

/// Reads a statement to its end, and checks that it is what its head says, and that the head was
/// signed by the key that it names, of those that are published.
pub(super) async fn read(
    mut parts: impl Stream<Item = Result<GetStatementResponse, Status>> + Unpin,
    key_set: &str,
    out: &mut dyn io::Write,
) -> Result<StatementHead, Failure> {
    let mut head = None;
    let mut digest = Context::new(&SHA256);
    let mut lines = 0_i64;
    while let Some(part) = parts.try_next().await? {
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
    if digest.finish().as_ref() != head.sha256.as_ref() {
        return Err(Failure::local("the statement's rows do not have the digest that it says"));
    }
    require_signature(&head, key_set)?;
    Ok(head)
}

/// As [`read`], into a file. Writes beside the file first: the file is there only when all of it
/// was read and checked, its signature too.
pub(super) async fn read_to_file(
    parts: impl Stream<Item = Result<GetStatementResponse, Status>> + Unpin,
    keys: &str,
    (path, format): (&Path, Format),
) -> Result<StatementHead, Failure> {
    let problem = |why: io::Error| Failure::local(format!("--out {}: {why}", path.display()));
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let file = File::create(&unfinished).map_err(problem)?;
    let written = write(parts, keys, (file, format)).await;
    let finished = written.and_then(|(head, file)| {
        file.sync_all().and_then(|()| fs::rename(&unfinished, path)).map_err(problem)?;
        Ok(head)
    });
    if finished.is_err() {
        // Nothing more can be done about a file that cannot be removed either.
        let _ = fs::remove_file(&unfinished);
    }
    finished
}

async fn write(
    parts: impl Stream<Item = Result<GetStatementResponse, Status>> + Unpin,
    keys: &str,
    (mut file, format): (File, Format),
) -> Result<(StatementHead, File), Failure> {
    match format {
        Format::Csv => read(parts, keys, &mut file).await.map(|head| (head, file)),
        #[cfg(feature = "parquet")]
        Format::Parquet => {
            let mut rows = super::columnar::Rows::into(file);
            let head = read(parts, keys, &mut rows).await?;
            let finished = rows.finish(&head, signed_text(&head));
            let file = finished.map_err(|why| Failure::local(format!("--out: {why}")))?;
            Ok((head, file))
        }
    }
}

fn require_signature(head: &StatementHead, key_set: &str) -> Result<(), Failure> {
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

/// Whose it is: the kind of counterparty as signatures have it, and the name.
pub(super) fn whose(head: &StatementHead) -> (&'static str, &str) {
    match (head.funder.as_str(), head.chain.as_str()) {
        ("", "") => ("PLATFORM", &head.platform),
        (funder, "") => ("FUNDER", funder),
        (_, chain) => ("CHAIN", chain),
    }
}

/// The lines that are signed, as the contract states them.
fn signed_text(head: &StatementHead) -> String {
    let (kind, name) = whose(head);
    let sha256 = hex(&head.sha256);
    let closed_at = head.closed_at.and_then(rpc::decode_timestamp);
    let closed_at = closed_at.map_or(0, clock::Timestamp::as_micros);
    format!(
        "zhisong-statement-1\nbusiness_day={}\ncounterparty={kind}:{name}\npayout_id={}\n\
         format={}\nrows={}\ncaptured_fen={}\nrefunded_fen={}\ndue_fen={}\nsha256={sha256}\n\
         closed_at_us={closed_at}\nkey_id={}\n",
        head.business_day,
        head.payout_id,
        head.format,
        head.rows,
        head.captured_fen,
        head.refunded_fen,
        head.due_fen,
        head.key_id
    )
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use rpc::{DocumentSigner, Signer, key_set};

    use super::*;

    const CSV: &str = "line,kind\n1,CAPTURE\n2,REFUND\n";

    fn signer() -> DocumentSigner {
        let (private, _) = Signer::generate().expect("a key");
        DocumentSigner::from_pem(&private).expect("its own format")
    }

    /// A head that is true and signed.
    fn head(signer: &DocumentSigner) -> StatementHead {
        let mut head = StatementHead {
            business_day: "2022-07-22".to_owned(),
            platform: "payment-platform".to_owned(),
            payout_id: "pay_1".to_owned(),
            format: 2,
            rows: 2,
            captured_fen: 299,
            refunded_fen: 299,
            due_fen: 0,
            sha256: digest(&SHA256, CSV.as_bytes()).as_ref().to_vec().into(),
            key_id: signer.public().key_id().to_owned(),
            ..StatementHead::default()
        };
        head.signature = signer.sign(signed_text(&head).as_bytes()).to_vec().into();
        head
    }

    /// Reads a statement with that head into a file, against the published keys. Gives what the
    /// file holds.
    async fn checked(head: StatementHead, signer: &DocumentSigner) -> Result<String, String> {
        let (first, second) = CSV.split_at(15);
        let csv = [first, second].map(|piece| Part::Csv(piece.as_bytes().to_vec().into()));
        let parts = [Part::Head(Box::new(head))].into_iter().chain(csv);
        let parts = parts.map(|part| Ok(GetStatementResponse { part: Some(part) }));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("statement.csv");
        let keys = key_set([signer.public()]);
        let to = (path.as_path(), Format::Csv);
        let read = read_to_file(futures::stream::iter(parts), &keys, to).await;
        let read = read.map_err(|failure| format!("{failure:?}"));
        let left = fs::read_dir(folder.path()).expect("the folder is there").count();
        assert_eq!(left, usize::from(read.is_ok()), "what is refused leaves no file");
        read.map(|_| fs::read_to_string(&path).expect("the file is there"))
    }

    #[tokio::test]
    async fn a_statement_that_is_what_its_signed_head_says_is_taken() {
        let signer = signer();
        assert_eq!(checked(head(&signer), &signer).await.as_deref(), Ok(CSV));
    }

    #[tokio::test]
    async fn a_head_that_was_changed_or_signed_by_an_unpublished_key_is_refused() {
        let signer = signer();
        let good = head(&signer);
        let due = StatementHead { due_fen: 1, ..good.clone() };
        let sha256 = StatementHead { sha256: vec![7; 32].into(), ..good.clone() };
        let rows = StatementHead { rows: 3, ..good };
        let unpublished = head(&self::signer());
        for (head, says) in [
            (due, "the signature of the statement's head is not valid"),
            (sha256, "do not have the digest"),
            (rows, "says 3 rows and has 2"),
            (unpublished, "which is not published"),
        ] {
            let refused = checked(head, &signer).await.expect_err(says);
            assert!(refused.contains(says), "{refused}");
        }
    }
}
