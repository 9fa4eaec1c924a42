use clock::Timestamp;
use member_identity::{LinkId, MemberId};
use rpc::{Caller, RequestId};
use sql::StoreError;

use super::{Core, Eligibility, Failure, MemberReference, attempt, require_within};
use crate::domain::Refusal;
use crate::domain::account::{
    Account, AccountId, AccountRequest, AccountVerb, FreshLink, Link, replayed,
};
use crate::domain::card_code::CardCode;
use crate::domain::entropy::random;
use crate::domain::keyring::BlindKind;
use crate::domain::member::State;

impl Eligibility {
    /// Links an account of the caller with the member who shows a code. Order of answers: replay,
    /// code, member known (and active, with an active card, in the caller's subtree), account.
    pub async fn link_account(
        &self,
        caller: &Caller,
        (request_id, account_id): (RequestId, AccountId),
        code: CardCode,
    ) -> Result<Timestamp, Failure> {
        let core = &self.core;
        core.require_ours(&code)?;
        let request = self.account_request(caller, AccountVerb::Link, (request_id, &account_id));
        let request = AccountRequest { card_id: Some(code.body.card_id), ..request };
        if let Some(earlier) = core.store.answered_account(&request).await? {
            return Ok(replayed(&request, &earlier)?.at());
        }
        // A code is good for one request to link, and for its retries.
        let terminal = format!("link:{}", request.request_id);
        core.use_code(caller, &terminal, &code, request.at).await?;
        let (member, current_at) = self.look(&MemberReference::Card(code.body.card_id), |found| {
            let is_right = (found.state() == State::Active) & caller.sees(found.organization());
            is_right.then(|| found.entry().member_id)
        });
        let member_id = self.require_known(member.flatten(), current_at, Refusal::MemberUnknown)?;
        self.require_current(current_at)?;
        self.change(|core| async move {
            let fresh = core.fresh_link(member_id, &account_id, &code).await?;
            let link = || core.store.link_account(request.clone(), fresh.clone());
            let step = attempt(link).await??;
            core.memory.apply_handles(&step.handles);
            Ok(step.outcome.at())
        })
        .await
    }

    /// Takes an account of the caller from its member. Order of answers: replay, account known.
    pub async fn unlink_account(
        &self,
        caller: &Caller,
        request_id: RequestId,
        account_id: AccountId,
    ) -> Result<Timestamp, Failure> {
        let request = self.account_request(caller, AccountVerb::Unlink, (request_id, &account_id));
        self.change(|core| async move {
            let step = attempt(|| core.store.unlink_account(request.clone())).await??;
            core.memory.apply_handles(&step.handles);
            Ok(step.outcome.at())
        })
        .await
    }

    /// Links of a member that are in force, after a key. Order of answers: member known, subtree.
    pub async fn list_links(
        &self,
        caller: &Caller,
        member_id: MemberId,
        (after, size): (Option<LinkId>, u32),
    ) -> Result<Vec<Link>, Failure> {
        let member = self.core.store.member(member_id).await?.ok_or(Refusal::MemberUnknown)?;
        require_within(caller, &member.registration.organization)?;
        Ok(self.core.store.links(member_id, after, size).await?)
    }

    /// Ends a link for its member. Order of answers: replay, link known, subtree.
    pub async fn withdraw_link(
        &self,
        caller: &Caller,
        request_id: RequestId,
        link_id: LinkId,
    ) -> Result<Timestamp, Failure> {
        let request = AccountRequest {
            caller: caller.subject.clone(),
            request_id: request_id.as_str().to_owned(),
            verb: AccountVerb::Withdraw,
            blinds: vec![*link_id.as_bytes()],
            index_version: 0,
            card_id: None,
            at: self.core.clock.now(),
        };
        let within = caller.organization.clone();
        self.change(|core| async move {
            let withdraw = || core.store.withdraw_link(request.clone(), link_id, within.clone());
            let step = attempt(withdraw).await??;
            core.memory.apply_handles(&step.handles);
            Ok(step.outcome.at())
        })
        .await
    }

    fn account_request(
        &self,
        caller: &Caller,
        verb: AccountVerb,
        (request_id, account_id): (RequestId, &AccountId),
    ) -> AccountRequest {
        let ring = self.core.vault.ring();
        let (partner, account_id) = (caller.subject.clone(), account_id.clone());
        let account = Account { partner, account_id };
        AccountRequest {
            caller: caller.subject.clone(),
            request_id: request_id.as_str().to_owned(),
            verb,
            blinds: ring.blinds(BlindKind::Account, &account.canonical()),
            index_version: ring.index_version(),
            card_id: None,
            at: self.core.clock.now(),
        }
    }
}

impl Core {
    async fn fresh_link(
        &self,
        member_id: MemberId,
        account_id: &AccountId,
        code: &CardCode,
    ) -> Result<FreshLink, Failure> {
        let owner = self.store.person_of(member_id).await?;
        let (person, wrapped) = owner.ok_or(Refusal::MemberUnknown)?;
        let key = self.vault.unwrap(person, &wrapped).map_err(|why| StoreError::Corrupt {
            table: "person",
            id: String::from("?"),
            detail: why.to_string(),
        })?;
        let mut id: [u8; 16] = random(self.vault.entropy());
        id[0] = member_id.shard().0;
        let link_id = LinkId::from_bytes(id);
        let account = self.vault.seal_account(&key, link_id, account_id);
        Ok(FreshLink { link_id, member_id, account, consent: code.body.nonce })
    }
}
