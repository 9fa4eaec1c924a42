//! The real programmes of `deploy/programmes`, unchanged, played over gRPC on their own dates and
//! with their own figures: one test a file, of the file's name.

mod dongguan_breakfast_2022;
mod foshan_new_year_2022;
mod guangdong_cool_drinks_2022;
mod pingdu_model_worker_card;
mod zhuhai_double_2022;

use std::collections::BTreeSet;
use std::path::Path;

use member_identity::RegionCode;

/// The files that are played here. Two of them are one programme, the double benefit of Zhuhai, three
/// the vouchers of Foshan, and four the card of Pingdu.
const PLAYED: [&str; 11] = [
    "dongguan-breakfast-2022",
    "foshan-new-year-2022-200",
    "foshan-new-year-2022-300",
    "foshan-new-year-2022-88",
    "guangdong-cool-drinks-2022",
    "pingdu-model-worker-bus",
    "pingdu-model-worker-checkup",
    "pingdu-model-worker-registration",
    "pingdu-model-worker-scenic",
    "zhuhai-doumen-2022",
    "zhuhai-jinwan-2022",
];

/// A fen more than nothing: what a member pays for goods at the threshold of both programmes.
const ONE_FEN: i64 = 1;

#[test]
fn every_programme_file_is_played() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/programmes");
    let files = std::fs::read_dir(folder).expect("the folder is there");
    let files = files.map(|file| file.expect("reads").path());
    let files = files.filter(|file| file.extension().is_some_and(|kind| kind == "toml"));
    let names: BTreeSet<_> =
        files.map(|file| file.file_stem().expect("a name").to_str().map(str::to_owned)).collect();
    assert_eq!(names, PLAYED.iter().map(|name| Some((*name).to_owned())).collect());
}

/// A region of the catalogue.
fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).expect("a region of the catalogue")
}
