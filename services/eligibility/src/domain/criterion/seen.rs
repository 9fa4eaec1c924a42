//! What an expression sees of a member.

use std::collections::HashMap;

use cel::Value;
use cel::common::ast::Expr;
use cel::parser::Expression;
use member_identity::{Employment, Honour, Honours, OrganizationPath, RegionCode, Sex, Trade};

use super::kinds::parts;
use crate::domain::member::Facts;

/// The fields of `member` that an expression names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    trade: bool,
    employment: bool,
    region: bool,
    organization: bool,
    honours: bool,
    sex: bool,
    age: bool,
}

impl Fields {
    /// The fields that a tree names. Its depth is bounded already.
    pub(super) fn of(tree: &Expression) -> Self {
        let mut fields = Self::default();
        fields.collect(tree);
        fields
    }

    fn collect(&mut self, tree: &Expression) {
        if let Expr::Select(select) = &tree.expr {
            match select.field.as_str() {
                "trade" => self.trade = true,
                "employment" => self.employment = true,
                "region" => self.region = true,
                "organization" => self.organization = true,
                "honours" => self.honours = true,
                "sex" | "known_sex" => self.sex = true,
                "age" | "known_age" => self.age = true,
                _ => (),
            }
        }
        parts(&tree.expr).into_iter().for_each(|part| self.collect(part));
    }
}

/// Those fields of one member, and nothing else: an expression answers the same for members who
/// look the same to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Seen {
    trade: Option<Trade>,
    employment: Option<Employment>,
    region: Option<RegionCode>,
    organization: Option<OrganizationPath>,
    honours: Option<Honours>,
    sex: Option<Option<Sex>>,
    age: Option<Option<u16>>,
}

impl Seen {
    pub(super) fn of(fields: Fields, facts: &Facts<'_>) -> Self {
        Self {
            trade: fields.trade.then_some(facts.trade),
            employment: fields.employment.then_some(facts.employment),
            region: fields.region.then_some(facts.region),
            organization: fields.organization.then(|| facts.organization.clone()),
            honours: fields.honours.then_some(facts.honours),
            sex: fields.sex.then_some(facts.sex),
            age: fields.age.then_some(facts.age),
        }
    }

    /// The fields as expressions find them under `member`.
    pub(super) fn value(&self) -> Value {
        let mut fields: HashMap<&str, Value> = HashMap::new();
        if let Some(trade) = self.trade {
            fields.insert("trade", trade.as_str().into());
        }
        if let Some(employment) = self.employment {
            fields.insert("employment", employment.as_str().into());
        }
        if let Some(region) = self.region {
            fields.insert("region", region.to_string().into());
        }
        if let Some(organization) = &self.organization {
            fields.insert("organization", organization.as_str().into());
        }
        if let Some(honours) = self.honours {
            let honours: Vec<&str> = honours.iter().map(Honour::as_str).collect();
            fields.insert("honours", honours.into());
        }
        if let Some(sex) = self.sex {
            fields.insert("sex", sex.map_or("", Sex::as_str).into());
            fields.insert("known_sex", sex.is_some().into());
        }
        if let Some(age) = self.age {
            fields.insert("age", age.map_or(-1, i64::from).into());
            fields.insert("known_age", age.is_some().into());
        }
        fields.into()
    }
}
