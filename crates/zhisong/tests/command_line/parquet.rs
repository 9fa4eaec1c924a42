//! Statements as Parquet: the same rows as the CSV, with what proves it.

use std::fs::File;

use aws_lc_rs::digest::{SHA256, digest};
use contracts::redemption::v1::GetSettlementKeysRequest;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use rpc::DocumentKey;

use crate::bench::{DAY, Served};
use crate::settlement::closed_day;

#[test]
fn a_parquet_statement_gives_the_csv_back_byte_by_byte_and_proves_it() {
    let served = closed_day();
    let keys = published_keys(&served);
    for whose in ["platform:payment-platform", "funder:gd", "chain:gd:corner"] {
        let ask = format!("statement {DAY} --counterparty {whose}");
        let csv_head = served.json(&format!("{ask} --out day.csv"));
        let head = served.json(&format!("{ask} --format parquet --out day.parquet"));
        assert_eq!(head, csv_head, "it is the same statement");
        let read = Read::of(&served);
        assert_eq!(read.csv, served.read("day.csv"), "row by row");
        let sha256 = digest(&SHA256, read.csv.as_bytes());
        let sha256: String = sha256.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(read.said("zhisong.sha256"), sha256);
        let signed = read.said("zhisong.statement");
        assert!(signed.contains(&format!("\nsha256={sha256}\n")), "{signed}");
        let (_, name) = whose.split_once(':').expect("a kind and a name");
        assert!(signed.contains(&format!(":{name}\n")), "{signed}");
        let key_id = head["key_id"].as_str().expect("an id");
        let key = DocumentKey::find(&keys, key_id).expect("it is published");
        assert!(key.verify(signed.as_bytes(), &bytes(&read.said("zhisong.signature"))));
        let forged = signed.replace("\nrows=", "\nrows=1");
        assert!(!key.verify(forged.as_bytes(), &bytes(&read.said("zhisong.signature"))));
    }
    let lacking = served.run(&format!("statement {DAY} --format parquet"));
    assert_eq!(lacking.code, Some(2), "it goes into a file: {lacking:?}");
}

/// A Parquet file as it was read back.
struct Read {
    csv: String,
    said: Vec<(String, String)>,
}

impl Read {
    fn of(served: &Served) -> Self {
        let file = File::open(served.path("day.parquet")).expect("the file is there");
        let reader = SerializedFileReader::new(file).expect("is such a file");
        let metadata = reader.metadata().file_metadata();
        let names = metadata.schema_descr().columns().iter().map(|column| column.name());
        let mut csv = names.collect::<Vec<_>>().join(",") + "\n";
        for row in reader.get_row_iter(None).expect("its rows") {
            let row = row.expect("a row");
            let cells = row.get_column_iter().map(|(name, field)| cell(name, field));
            csv += &(cells.collect::<Vec<_>>().join(",") + "\n");
        }
        let said = metadata.key_value_metadata().expect("what was signed").iter();
        let said = said.map(|one| (one.key.clone(), one.value.clone().unwrap_or_default()));
        Self { csv, said: said.collect() }
    }

    fn said(&self, key: &str) -> String {
        let found = self.said.iter().find(|(said, _)| said == key);
        found.map(|(_, value)| value.clone()).expect("the file says it")
    }
}

fn cell(name: &str, field: &Field) -> String {
    match (name, field) {
        ("line" | "amount_fen", Field::Long(number)) => number.to_string(),
        ("at", Field::TimestampMicros(micros)) => {
            clock::Timestamp::from_micros(*micros).to_string()
        }
        ("late_of", Field::Null) => String::new(),
        (_, Field::Str(text)) => text.clone(),
        (name, other) => panic!("{name} is {other:?}"),
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).expect("two digits");
    (0..hexadecimal.len()).step_by(2).map(byte).collect()
}

fn published_keys(served: &Served) -> String {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let server = served.server.clone();
        let mut settlement = SettlementServiceClient::connect(server).await.expect("it serves");
        let keys = settlement.get_settlement_keys(GetSettlementKeysRequest {}).await;
        keys.expect("everybody may have them").into_inner().jwks
    })
}
