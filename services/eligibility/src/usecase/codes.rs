use clock::Timestamp;
use rpc::Caller;

use super::{Core, Failure, attempt};
use crate::domain::Refusal;
use crate::domain::card_code::CardCode;
use crate::store::{CodeSeen, CodeUse};

impl Core {
    /// Refuses a code that is not ours.
    pub(super) fn require_ours(&self, code: &CardCode) -> Result<(), Failure> {
        match self.cards.keys.is_ours(code) {
            true => Ok(()),
            false => Err(Refusal::CodeInvalid.into()),
        }
    }

    /// Uses a code that is ours at a terminal. Refuses one that has ended, and one that was used
    /// elsewhere.
    pub(super) async fn use_code(
        &self,
        caller: &Caller,
        terminal: &str,
        code: &CardCode,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if !code.body.is_current(now) {
            return Err(Refusal::CodeExpired.into());
        }
        let used = CodeUse {
            card_id: code.body.card_id,
            nonce: code.body.nonce,
            caller: caller.subject.clone(),
            terminal: terminal.to_owned(),
            expires_at: code.body.expires_at(),
            at: now,
        };
        match attempt(|| self.store.use_code(used.clone())).await? {
            CodeSeen::First | CodeSeen::Again => Ok(()),
            CodeSeen::Elsewhere => Err(Refusal::CodeReplayed.into()),
        }
    }
}
