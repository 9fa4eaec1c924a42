//! Codes are good for one terminal, whichever replica it asks.

use std::time::Duration;

use clock::Timestamp;
use member_identity::CardId;
use tokio::task::JoinSet;

use super::fixture::TEN_O_CLOCK;
use super::replicas::attempt;
use super::{Case, Ctx};
use crate::store::{CodeSeen, CodeUse};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "a_code_is_good_for_the_terminal_that_it_was_used_at_first",
            run: |ctx| Box::pin(one_terminal(ctx)),
        },
        Case {
            name: "a_code_shown_at_twenty_gates_at_once_passes_one",
            run: |ctx| Box::pin(twenty_at_once(ctx)),
        },
        Case {
            name: "codes_that_have_ended_are_swept_and_others_are_not",
            run: |ctx| Box::pin(swept(ctx)),
        },
    ]
}

fn used(nonce: u8, terminal: &str, at: Timestamp) -> CodeUse {
    CodeUse {
        card_id: CardId::from_bytes([7; 16]),
        nonce: [nonce; 8],
        caller: String::from("bus"),
        terminal: terminal.to_owned(),
        expires_at: at.plus(Duration::from_secs(60)),
        at,
    }
}

async fn enter(ctx: &Ctx, used: CodeUse) -> CodeSeen {
    attempt(|| ctx.store.use_code(used.clone())).await
}

async fn one_terminal(ctx: Ctx) {
    assert_eq!(enter(&ctx, used(1, "gate-1", TEN_O_CLOCK)).await, CodeSeen::First);
    assert_eq!(enter(&ctx, used(1, "gate-1", TEN_O_CLOCK)).await, CodeSeen::Again);
    assert_eq!(enter(&ctx, used(1, "gate-2", TEN_O_CLOCK)).await, CodeSeen::Elsewhere);
    let hospital = CodeUse { caller: String::from("hospital"), ..used(1, "gate-1", TEN_O_CLOCK) };
    assert_eq!(enter(&ctx, hospital).await, CodeSeen::Elsewhere);
    assert_eq!(enter(&ctx, used(2, "gate-2", TEN_O_CLOCK)).await, CodeSeen::First);
    let other = CodeUse { card_id: CardId::from_bytes([8; 16]), ..used(1, "gate-2", TEN_O_CLOCK) };
    assert_eq!(enter(&ctx, other).await, CodeSeen::First, "another card's");
}

async fn twenty_at_once(ctx: Ctx) {
    let replicas = ctx.replicas().await;
    let mut calls = JoinSet::new();
    for gate in 0..20 {
        let ctx = replicas[gate % 2].clone();
        let used = used(1, &format!("gate-{gate}"), TEN_O_CLOCK);
        calls.spawn(async move { enter(&ctx, used).await });
    }
    let answers = calls.join_all().await;
    let first = answers.iter().filter(|seen| **seen == CodeSeen::First);
    assert_eq!(first.count(), 1);
    let elsewhere = answers.iter().filter(|seen| **seen == CodeSeen::Elsewhere);
    assert_eq!(elsewhere.count(), 19);
    replicas[1].store.close().await;
}

async fn swept(ctx: Ctx) {
    for nonce in 0..8 {
        enter(&ctx, used(nonce, "gate-1", TEN_O_CLOCK)).await;
    }
    let later = TEN_O_CLOCK.plus(Duration::from_secs(61));
    // As many uses as it takes to sweep eight; after them the old ones are not known any more.
    for nonce in 10..14 {
        enter(&ctx, used(nonce, "gate-1", later)).await;
    }
    assert_eq!(enter(&ctx, used(0, "gate-2", later)).await, CodeSeen::First);
    assert_eq!(enter(&ctx, used(10, "gate-2", later)).await, CodeSeen::Elsewhere);
}
