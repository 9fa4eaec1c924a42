use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use benefit::programme::{Programme, ProgrammeProblem, parse_judged};
use eligibility::domain::criterion;
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::output::Answer;

/// A programme file, and what it declares or what is wrong with it.
pub(super) struct ProgrammeFile {
    path: PathBuf,
    /// The file as it is.
    pub(super) source: String,
    /// What it declares, or every problem by line.
    pub(super) programme: Result<Programme, Vec<ProgrammeProblem>>,
}

impl ProgrammeFile {
    /// Reads a file, its criteria included.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let problem = |why| Failure::local(format!("{}: {why}", path.display()));
        let source = fs::read_to_string(path).map_err(|why| problem(why.to_string()))?;
        // Criteria are read by the very rules of eligibility, which need a stack of their own.
        let programme = thread::scope(|scope| {
            let reader = thread::Builder::new().stack_size(criterion::READING_STACK_BYTES);
            let reading = reader.spawn_scoped(scope, || {
                parse_judged(&source, &|expression| match criterion::read(expression) {
                    Ok(_) => Ok(()),
                    Err(problem) => Err(problem.to_string()),
                })
            });
            reading.map(|reading| reading.join())
        });
        let programme = programme.map_err(|why| problem(why.to_string()))?;
        let programme =
            programme.map_err(|_| problem(String::from("its criteria cannot be read")))?;
        Ok(Self { path: path.to_owned(), source, programme })
    }

    fn problems(&self) -> &[ProgrammeProblem] {
        self.programme.as_ref().err().map_or(&[], Vec::as_slice)
    }

    fn value(&self) -> Value {
        let campaign_id = self.programme.as_ref().map(|programme| &programme.campaign_id).ok();
        json!({
            "file": self.path.display().to_string(),
            "campaign_id": campaign_id,
            "problems": self.problems().len(),
        })
    }

    fn problem_values(&self) -> impl Iterator<Item = Value> + '_ {
        self.problems().iter().map(|problem| {
            json!({
                "file": self.path.display().to_string(),
                "line": problem.line,
                "key": problem.path,
                "problem": problem.message,
            })
        })
    }
}

/// Reads files and reports on them.
pub(super) fn validate(paths: &[PathBuf]) -> Result<Answer, Failure> {
    let files: Result<Vec<_>, _> = paths.iter().map(|path| ProgrammeFile::read(path)).collect();
    Ok(report(&files?))
}

/// What is wrong with files, line by line.
pub(super) fn report(files: &[ProgrammeFile]) -> Answer {
    let problems: Vec<Value> = files.iter().flat_map(ProgrammeFile::problem_values).collect();
    let good = problems.is_empty();
    let files = files.iter().map(ProgrammeFile::value).collect();
    let answer = Answer::list("files", files, &["file", "campaign_id", "problems"]);
    let answer = answer.and_list("problems", problems, &["file", "line", "key", "problem"]);
    if good { answer } else { answer.not_good() }
}
