use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::LawProblem;
use super::verdict::{Finding, Law, Verdict};

/// Bytes read at a time. The file's size does not matter.
const CHUNK: usize = 1 << 20;
/// Forms searched for in one reading: bounds the memory of the automaton, not the canaries.
const FORMS_AT_ONCE: usize = 200_000;
/// A form of fewer bytes is found in ciphertext by chance: with 10,000 names of six bytes (three
/// characters in GB18030) once in 28 GB, of four bytes (two characters) every 430 KB.
const SURE_BYTES: usize = 8;
/// The longest form: a line of the file of canaries is no novel.
const FORM_BYTES_MAX: usize = 1_024;

/// Law E3: no canary (a line of `canaries`) stands in any file below `scan` in the clear, neither
/// in UTF-8 nor in GB18030.
pub(super) async fn check(
    canaries: Option<&Path>,
    scan: &[PathBuf],
) -> Result<Verdict, LawProblem> {
    let mut verdict = Verdict::holds(Law::E3);
    let (Some(canaries), false) = (canaries, scan.is_empty()) else {
        verdict.lacks_input();
        return Ok(verdict);
    };
    let (canaries, scan) = (canaries.to_owned(), scan.to_owned());
    let scanning = tokio::task::spawn_blocking(move || search(&canaries, &scan, verdict));
    scanning.await.expect("the scan neither panics nor is cancelled")
}

fn search(canaries: &Path, scan: &[PathBuf], mut verdict: Verdict) -> Result<Verdict, LawProblem> {
    let (forms, lines) = forms(canaries)?;
    let mut files = BTreeSet::new();
    for path in scan {
        list(path, &mut files)?;
    }
    // Canaries that lie within what is scanned would find themselves.
    if let Ok(own) = canaries.canonicalize() {
        files.remove(&own);
    }
    let mut found = Finding::none_yet("personal data in the clear");
    let mut bytes = 0;
    for forms in forms.chunks(FORMS_AT_ONCE) {
        let needles = Needles::new(forms);
        bytes = 0;
        for file in &files {
            let read = needles.search(file, &mut found);
            bytes += read.map_err(|source| problem(file, source))?;
        }
    }
    verdict.count("canaries", lines);
    verdict.count("files", files.len() as u64);
    verdict.count("bytes", bytes);
    if lines == 0 || files.is_empty() {
        verdict.lacks_input();
    }
    verdict.find(found);
    Ok(verdict)
}

/// A canary as it would stand in a file.
struct Form {
    /// The line of the canary: findings must not repeat what must not be found.
    line: u64,
    bytes: Vec<u8>,
}

/// The forms of every canary, and how many canaries there are.
fn forms(path: &Path) -> Result<(Vec<Form>, u64), LawProblem> {
    let text = fs::read_to_string(path).map_err(|source| problem(path, source))?;
    let (mut forms, mut lines) = (Vec::new(), 0);
    for (line, canary) in (1..).zip(text.lines()).filter(|(_, canary)| !canary.is_empty()) {
        if !(SURE_BYTES..=FORM_BYTES_MAX).contains(&canary.len()) {
            let problem = format!("is not {SURE_BYTES} to {FORM_BYTES_MAX} bytes long");
            return Err(LawProblem::Line { path: path.to_owned(), line, problem });
        }
        lines += 1;
        let (national, _, unmappable) = encoding_rs::GB18030.encode(canary);
        if !unmappable && national != canary.as_bytes() {
            forms.push(Form { line, bytes: national.into_owned() });
        }
        forms.push(Form { line, bytes: canary.as_bytes().to_vec() });
    }
    Ok((forms, lines))
}

/// Every regular file at or below `path`, without following links.
fn list(path: &Path, files: &mut BTreeSet<PathBuf>) -> Result<(), LawProblem> {
    let problem = |source| problem(path, source);
    let metadata = match fs::symlink_metadata(path) {
        // A serving process may have removed it since its folder was listed.
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata.map_err(problem)?,
    };
    if metadata.is_dir() {
        for entry in fs::read_dir(path).map_err(problem)? {
            list(&entry.map_err(problem)?.path(), files)?;
        }
    } else if metadata.is_file() {
        files.insert(path.canonicalize().map_err(problem)?);
    }
    Ok(())
}

/// Some forms, to be found all at once.
struct Needles<'a> {
    forms: &'a [Form],
    /// All of them, for files of text.
    all: AhoCorasick,
    /// Those that are not found by chance, and which they are: for databases, which hold
    /// ciphertext.
    sure: AhoCorasick,
    sure_forms: Vec<usize>,
    overlap: usize,
}

impl<'a> Needles<'a> {
    fn new(forms: &'a [Form]) -> Self {
        let sure_forms: Vec<usize> =
            (0..forms.len()).filter(|at| forms[*at].bytes.len() >= SURE_BYTES).collect();
        let sure = automaton(sure_forms.iter().map(|at| forms[*at].bytes.as_slice()));
        let all = automaton(forms.iter().map(|form| form.bytes.as_slice()));
        let longest = forms.iter().map(|form| form.bytes.len()).max().unwrap_or(0);
        Self { forms, all, sure, sure_forms, overlap: longest.saturating_sub(1) }
    }

    /// Reads a file through and says how long it was.
    fn search(&self, path: &Path, found: &mut Finding) -> io::Result<u64> {
        let mut file = match File::open(path) {
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(0),
            file => file?,
        };
        let mut buffer = Vec::with_capacity(CHUNK + self.overlap);
        let (mut offset, mut is_text) = (0_u64, true);
        loop {
            let kept = buffer.len();
            let read = (&mut file).take(CHUNK as u64).read_to_end(&mut buffer)?;
            if offset == 0 && kept == 0 {
                is_text = !buffer.contains(&0);
            }
            if read == 0 {
                return Ok(offset + kept as u64);
            }
            self.report(path, (offset, &buffer, kept), is_text, found);
            let done = buffer.len().saturating_sub(self.overlap);
            buffer.drain(..done);
            offset += done as u64;
        }
    }

    /// `piece` is where it begins, its bytes, and how many of them were searched before.
    fn report(
        &self,
        path: &Path,
        (offset, bytes, seen): (u64, &[u8], usize),
        is_text: bool,
        found: &mut Finding,
    ) {
        let needles = if is_text { &self.all } else { &self.sure };
        for hit in needles.find_iter(bytes).filter(|hit| hit.end() > seen) {
            let at = hit.pattern().as_usize();
            let form = &self.forms[if is_text { at } else { self.sure_forms[at] }];
            let position = offset + hit.start() as u64;
            found.add(|| format!("canary {} at {position} of {}", form.line, path.display()));
        }
    }
}

fn automaton<'a>(forms: impl Iterator<Item = &'a [u8]>) -> AhoCorasick {
    let kind = Some(AhoCorasickKind::ContiguousNFA);
    let built = AhoCorasick::builder().kind(kind).build(forms);
    built.expect("the forms of one reading are far fewer than the states that fit")
}

fn problem(path: &Path, source: io::Error) -> LawProblem {
    LawProblem::File { path: path.to_owned(), source }
}
