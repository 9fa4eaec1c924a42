//! The tokens of the table: good ones, and every kind that must be refused.

use std::time::Duration;

use clock::Timestamp;
use contracts::common::v1::ErrorReason;
use rpc::{Grant, Signer};
use suite_tests::callers::{all_scopes, grant};
use suite_tests::served::Suite;
use tonic::Code;

use crate::world::World;

/// How long the expired token had been valid, which ended an hour ago.
const VALID_FOR: Duration = Duration::from_secs(3_600);
/// `{"alg":"none","typ":"JWT","kid":"embedded"}`, a payload with every claim, and no signature.
const UNSIGNED: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoiZW1iZWRkZWQifQ.\
    eyJzdWIiOiJ4IiwiYXVkIjoiemhpc29uZyIsInNjb3BlIjoib3BzLmNsb2NrIiwiaWF0IjowLCJleHAiOjk5OTk5OTk5OTl9.";

/// Makes the tokens of one city's caller.
pub struct Tokens<'a> {
    suite: &'a Suite,
    subject: &'a str,
    organization: &'a str,
    foreign: (&'a str, &'a str),
    expired: String,
    by_another_key: [String; 2],
}

/// What an `authorization` header may hold that nobody is let in with.
pub struct BadToken {
    /// What is wrong with it.
    pub what: &'static str,
    /// The header; none for no header.
    pub authorization: Option<String>,
    /// The code it is refused with.
    pub code: Code,
    /// The reason.
    pub reason: ErrorReason,
}

impl<'a> Tokens<'a> {
    /// The tokens of the own city's caller.
    pub fn of(world: &'a World) -> Self {
        let (suite, own, foreign) = (&world.suite, &world.own, &world.foreign);
        let all = grant(&own.subject, &own.organization, &all_scopes(""));
        let now = suite.clock().wall();
        let long_ago = Timestamp::from_micros(now.as_micros() - 2 * 3_600 * 1_000_000);
        let signer = suite.installation.signer();
        let by_another_key = ["embedded", "another"].map(|key_id| {
            let (private, _) = Signer::generate().expect("a key");
            let signer = Signer::from_pem(key_id, &private).expect("its own format");
            bearer(signer.sign(&all, now, VALID_FOR).expect("signs"))
        });
        Self {
            suite,
            subject: &own.subject,
            organization: &own.organization,
            foreign: (&foreign.subject, &foreign.organization),
            expired: bearer(signer.sign(&all, long_ago, VALID_FOR).expect("signs")),
            by_another_key,
        }
    }

    /// The caller within its subtree.
    pub fn within(&self, scopes: &[&str]) -> String {
        self.show(&grant(self.subject, self.organization, scopes))
    }

    /// A caller who is not bound to a subtree.
    pub fn everywhere(&self, scopes: &[&str]) -> String {
        self.show(&Grant { organization: None, ..grant("a-service", self.organization, scopes) })
    }

    /// The other city's own caller.
    pub fn of_foreign(&self, scopes: &[&str]) -> String {
        let (subject, organization) = self.foreign;
        self.show(&grant(subject, organization, scopes))
    }

    /// Every kind of token that a method of `scope` must refuse.
    pub fn bad(&self, scope: &str) -> Vec<BadToken> {
        use ErrorReason::{ScopeMissing, TokenExpired, TokenInvalid, TokenMissing};
        let unauthenticated = |what, authorization, reason| BadToken {
            what,
            authorization,
            code: Code::Unauthenticated,
            reason,
        };
        let invalid = |what, text: String| unauthenticated(what, Some(text), TokenInvalid);
        let good = self.within(&all_scopes(""));
        let [same_id, other_id] = self.by_another_key.clone();
        let others = self.within(&all_scopes(scope));
        vec![
            unauthenticated("no token", None, TokenMissing),
            unauthenticated("an expired token", Some(self.expired.clone()), TokenExpired),
            invalid("nonsense", bearer("nonsense".to_owned())),
            invalid("three parts of nonsense", bearer("a.b.c".to_owned())),
            invalid("an empty token", bearer(String::new())),
            invalid("another scheme", good.replace("Bearer", "Basic")),
            invalid("a token that was cut", good[..good.len() - 4].to_owned()),
            invalid("an unsigned token", bearer(UNSIGNED.to_owned())),
            invalid("a token by another key of the same id", same_id),
            invalid("a token by an unknown key", other_id),
            BadToken {
                what: "every scope but the method's",
                authorization: Some(others),
                code: Code::PermissionDenied,
                reason: ScopeMissing,
            },
        ]
    }

    fn show(&self, grant: &Grant) -> String {
        bearer(self.suite.token(grant))
    }
}

fn bearer(token: String) -> String {
    format!("Bearer {token}")
}
