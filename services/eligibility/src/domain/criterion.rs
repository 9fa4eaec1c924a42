//! Criteria: CEL expressions over one member, read once and then judged many times.
//!
//! What can be published is bounded, so that judging always ends, soon and with yes or no: no
//! macro is expanded (so there is no loop), the tree is small, each field and function is known,
//! the whole is a condition, and it gave an answer for made-up members of every shape. An
//! expression that still has no answer for some member (a division by zero, an index past the end)
//! does not hold: nobody qualifies by a fault.

mod judge;
mod kinds;
mod seen;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use cel::parser::Expression;
use cel::{Context, Env, Value};
use member_identity::{Employment, Honour, Honours, OrganizationPath, RegionCode, Sex, Trade};

use super::member::Facts;
use judge::Answers;
use seen::{Fields, Seen};

pub use judge::Judge;

/// An expression's characters at most, as the contract states.
pub const EXPRESSION_CHARS_MAX: usize = 2_000;
/// How deep an expression's tree may be: far less than a thread's stack holds.
const DEPTH_MAX: usize = 32;
/// How many nodes it may have: bounds the time of one judgement.
const NODES_MAX: usize = 500;
/// The parser's own recursion limit; it spends several levels on one of the tree's.
const PARSER_DEPTH_MAX: u16 = 96;
/// The stack that an expression of the longest kind is read on without harm.
pub const READING_STACK_BYTES: usize = 16 * 1024 * 1024;

/// The standard functions, without macros and without optional values.
static ENVIRONMENT: LazyLock<Arc<Env>> =
    LazyLock::new(|| Arc::new(Env::default().with_optional_support(false).with_stdlib()));

/// Why an expression cannot be published, as its author reads it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionProblem {
    /// Empty or longer than the contract allows.
    #[error("must be 1 to 2,000 characters")]
    Length,
    /// Not CEL.
    #[error("cannot be read: {0}")]
    Syntax(String),
    /// The tree is too deep or has too many nodes.
    #[error("is too large: at most 500 parts, nested at most 32 deep")]
    TooLarge,
    /// A name other than `member`.
    #[error("names {0:?}, and only member can be named")]
    UnknownVariable(String),
    /// A field that members do not have.
    #[error("names member.{0}, which no member has")]
    UnknownField(String),
    /// A function that is not offered, or is given what it does not take.
    #[error("calls {0}, which is not offered or does not take that")]
    UnknownFunction(String),
    /// A part that is of no use in a criterion: a map, a message, an optional.
    #[error("has a part that criteria may not have: {0}")]
    NotAllowed(&'static str),
    /// Its result is not yes or no.
    #[error("is not a condition: its result is not true or false")]
    NotACondition,
    /// It has no answer for a made-up member.
    #[error("has no answer for every member, for instance for one without honours or known age")]
    NoAnswer,
}

/// An expression that has been read and found fit to judge with. Remembers its answers.
#[derive(Debug)]
pub struct Condition {
    tree: Expression,
    fields: Fields,
    answers: Answers,
}

impl Condition {
    fn new(tree: Expression) -> Self {
        Self { fields: Fields::of(&tree), answers: Answers::default(), tree }
    }

    fn answer(&self, root: &Context<'_, '_>, seen: &Seen) -> Option<bool> {
        let mut scope = root.new_inner_scope();
        scope.add_variable_from_value("member", seen.value());
        match Value::resolve(&self.tree, &scope) {
            Ok(Value::Bool(holds)) => Some(holds),
            Ok(_) | Err(_) => None,
        }
    }

    fn answers_samples(&self) -> bool {
        let root = context();
        let answers = |facts: &Facts<'_>| self.answer(&root, &Seen::of(self.fields, facts));
        samples().iter().all(|facts| answers(facts).is_some())
    }
}

/// Reads an expression. Needs [`READING_STACK_BYTES`] of stack: run it on a thread that has them.
pub fn read(expression: &str) -> Result<Condition, ExpressionProblem> {
    if expression.trim().is_empty() || expression.chars().count() > EXPRESSION_CHARS_MAX {
        return Err(ExpressionProblem::Length);
    }
    let tree = parse(expression)?;
    if !kinds::fits(&tree, NODES_MAX, DEPTH_MAX) {
        return Err(ExpressionProblem::TooLarge);
    }
    if !kinds::kind_of(&tree)?.may_be(kinds::Kind::Condition) {
        return Err(ExpressionProblem::NotACondition);
    }
    let condition = Condition::new(tree);
    match condition.answers_samples() {
        true => Ok(condition),
        false => Err(ExpressionProblem::NoAnswer),
    }
}

/// What every judgement begins with: the standard functions.
fn context() -> Context<'static, 'static> {
    Context::with_env(Arc::clone(&ENVIRONMENT))
}

fn parse(expression: &str) -> Result<Expression, ExpressionProblem> {
    // The parser is generated code over user input: should it panic, its author gets an answer.
    let parser = || ENVIRONMENT.parser().max_recursion_depth(PARSER_DEPTH_MAX).parse(expression);
    match catch_unwind(AssertUnwindSafe(parser)) {
        Ok(Ok(tree)) => Ok(tree),
        Ok(Err(problems)) => Err(ExpressionProblem::Syntax(first_line(&problems.to_string()))),
        Err(_) => Err(ExpressionProblem::Syntax(String::from("not an expression"))),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Where made-up members are organized.
static SAMPLE_ORGANIZATIONS: LazyLock<[OrganizationPath; 2]> = LazyLock::new(|| {
    ["gd", "gd/guangzhou"].map(|path| path.parse().expect("the constant is a path"))
});

/// Made-up members that differ in whatever an expression may trip over.
fn samples() -> [Facts<'static>; 2] {
    let [province, city] = &*SAMPLE_ORGANIZATIONS;
    let guangzhou = RegionCode::try_from(440_100).expect("the catalogue has Guangzhou");
    let bare = Facts {
        trade: Trade::Other,
        employment: Employment::Other,
        region: guangzhou,
        organization: province,
        honours: Honours::NONE,
        sex: None,
        age: None,
    };
    let full = Facts {
        trade: Trade::FoodDelivery,
        employment: Employment::NewForm,
        organization: city,
        honours: Honour::ALL.into_iter().collect(),
        sex: Some(Sex::Female),
        age: Some(30),
        ..bare
    };
    [bare, full]
}

#[cfg(test)]
mod tests;
