//! What each part of an expression is, found without judging it.

use cel::common::ast::{CallExpr, Expr, LiteralValue, SelectExpr, operators};
use cel::parser::Expression;

use super::ExpressionProblem;

/// What a part of an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// True or false.
    Condition,
    /// A number.
    Number,
    /// Text.
    Text,
    /// A list.
    List,
    /// Known only when it is judged: an element of a list.
    Any,
}

impl Kind {
    /// Whether this may turn out to be `other`.
    pub(super) fn may_be(self, other: Self) -> bool {
        self == other || self == Self::Any || other == Self::Any
    }
}

/// Whether a tree keeps within both bounds. Never goes deeper than the bound itself.
pub(super) fn fits(tree: &Expression, nodes_max: usize, depth_max: usize) -> bool {
    count(tree, depth_max).is_some_and(|nodes| nodes <= nodes_max)
}

/// The nodes of a tree; `None` when it is deeper than `depth_left`.
fn count(tree: &Expression, depth_left: usize) -> Option<usize> {
    let depth_left = depth_left.checked_sub(1)?;
    let parts = parts(&tree.expr);
    parts.into_iter().try_fold(1, |nodes, part| Some(nodes + count(part, depth_left)?))
}

/// What a part consists of. Parts that are refused anyway are not looked into.
pub(super) fn parts(expr: &Expr) -> Vec<&Expression> {
    match expr {
        Expr::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Unspecified
        | Expr::Comprehension(_)
        | Expr::Ident(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Struct(_) => Vec::new(),
    }
}

/// What a tree gives, or what in it cannot be published.
pub(super) fn kind_of(tree: &Expression) -> Result<Kind, ExpressionProblem> {
    match &tree.expr {
        Expr::Literal(literal) => kind_of_literal(literal),
        Expr::Select(select) => kind_of_field(select),
        Expr::Call(call) => kind_of_call(call),
        Expr::List(list) => {
            list.elements.iter().try_for_each(|element| kind_of(element).map(drop))?;
            Ok(Kind::List)
        }
        Expr::Ident(name) if name == "member" => Err(NotAllowed("member without a field")),
        Expr::Ident(name) => Err(UnknownVariable(name.clone())),
        Expr::Comprehension(_) => Err(NotAllowed("a comprehension")),
        Expr::Map(_) => Err(NotAllowed("a map")),
        Expr::Struct(_) => Err(NotAllowed("a message")),
        Expr::Unspecified => Err(NotAllowed("an empty part")),
    }
}

use ExpressionProblem::{NotAllowed, UnknownField, UnknownFunction, UnknownVariable};

fn kind_of_literal(literal: &LiteralValue) -> Result<Kind, ExpressionProblem> {
    match literal {
        LiteralValue::Boolean(_) => Ok(Kind::Condition),
        LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_) => Ok(Kind::Number),
        LiteralValue::String(_) => Ok(Kind::Text),
        LiteralValue::Bytes(_) => Err(NotAllowed("bytes")),
        LiteralValue::Null => Err(NotAllowed("null")),
    }
}

fn kind_of_field(select: &SelectExpr) -> Result<Kind, ExpressionProblem> {
    match &select.operand.expr {
        Expr::Ident(name) if name == "member" && !select.test => field(&select.field),
        Expr::Ident(name) if name != "member" => Err(UnknownVariable(name.clone())),
        _ => Err(NotAllowed("a field of something that is not member")),
    }
}

/// The fields of `member`, as the contract lists them.
fn field(name: &str) -> Result<Kind, ExpressionProblem> {
    match name {
        "trade" | "employment" | "region" | "organization" | "sex" => Ok(Kind::Text),
        "honours" => Ok(Kind::List),
        "age" => Ok(Kind::Number),
        "known_sex" | "known_age" => Ok(Kind::Condition),
        _ => Err(UnknownField(name.to_owned())),
    }
}

fn kind_of_call(call: &CallExpr) -> Result<Kind, ExpressionProblem> {
    let name = call.func_name.as_str();
    if is_macro(name) {
        return Err(NotAllowed("a comprehension or macro (has, all, exists, map, filter)"));
    }
    let arguments = call.target.iter().map(AsRef::as_ref).chain(&call.args).map(kind_of);
    let arguments = arguments.collect::<Result<Vec<Kind>, _>>()?;
    let unknown = || UnknownFunction(call_name(name));
    let result = match call.target {
        Some(_) => method(name, &arguments),
        None => operator(name, &arguments).or_else(|| function(name, &arguments)),
    };
    result.ok_or_else(unknown)
}

fn is_macro(name: &str) -> bool {
    let macros = [
        operators::HAS,
        operators::ALL,
        operators::EXISTS,
        operators::EXISTS_ONE,
        operators::MAP,
        operators::FILTER,
    ];
    macros.contains(&name)
}

/// An operator's internal name as its author wrote it: `_>_` is `>`.
fn call_name(name: &str) -> String {
    name.trim_matches(['_', '@']).to_owned()
}

fn operator(name: &str, arguments: &[Kind]) -> Option<Kind> {
    use Kind::{Any, Condition, List, Number, Text};
    let all = |kind: Kind| arguments.iter().all(|argument| argument.may_be(kind));
    match (name, arguments) {
        (operators::LOGICAL_AND | operators::LOGICAL_OR, [_, _]) if all(Condition) => {
            Some(Condition)
        }
        (operators::LOGICAL_NOT, [_]) if all(Condition) => Some(Condition),
        (operators::CONDITIONAL, [condition, then, otherwise])
            if condition.may_be(Condition) && then.may_be(*otherwise) =>
        {
            Some(*then)
        }
        (operators::EQUALS | operators::NOT_EQUALS, [left, right]) if left.may_be(*right) => {
            Some(Condition)
        }
        (
            operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS,
            [_, _],
        ) if all(Number) || all(Text) => Some(Condition),
        (operators::IN, [_, list]) if list.may_be(List) => Some(Condition),
        (operators::INDEX, [List, index]) if index.may_be(Number) => Some(Any),
        (operators::ADD, [_, _]) if all(Number) => Some(Number),
        (operators::ADD, [_, _]) if all(Text) => Some(Text),
        (operators::ADD, [_, _]) if all(List) => Some(List),
        (
            operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO,
            [_, _],
        ) if all(Number) => Some(Number),
        (operators::NEGATE, [_]) if all(Number) => Some(Number),
        _ => None,
    }
}

fn function(name: &str, arguments: &[Kind]) -> Option<Kind> {
    match (name, arguments) {
        ("size", [Kind::Text | Kind::List | Kind::Any]) => Some(Kind::Number),
        ("int" | "uint" | "double", [Kind::Number | Kind::Text | Kind::Any]) => Some(Kind::Number),
        ("string", [Kind::Number | Kind::Text | Kind::Condition | Kind::Any]) => Some(Kind::Text),
        ("bool", [Kind::Condition | Kind::Text | Kind::Any]) => Some(Kind::Condition),
        _ => None,
    }
}

fn method(name: &str, arguments: &[Kind]) -> Option<Kind> {
    match (name, arguments) {
        ("size", [Kind::Text | Kind::List | Kind::Any]) => Some(Kind::Number),
        ("startsWith" | "endsWith" | "contains", [of, text])
            if of.may_be(Kind::Text) && text.may_be(Kind::Text) =>
        {
            Some(Kind::Condition)
        }
        _ => None,
    }
}
