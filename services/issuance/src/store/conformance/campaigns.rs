//! The life cycle of campaigns, and law A1 for its verbs.

use super::Case;
use super::bench::{Bench, Offer, eve, noon};
use crate::domain::{
    CampaignRefusal, CampaignState, CampaignVerb, ClaimRefusal, RefusedTransition,
};

pub(super) const CASES: &[Case] = &[
    Case {
        law: "lifecycle",
        name: "verbs_move_a_campaign_as_documented_and_nothing_else_does",
        run: |bench| Box::pin(lifecycle(bench)),
    },
    Case {
        law: "lifecycle",
        name: "a_draft_can_be_replaced_and_an_active_campaign_cannot",
        run: |bench| Box::pin(replacing(bench)),
    },
    Case {
        law: "lifecycle",
        name: "an_ended_campaign_gives_out_nothing",
        run: |bench| Box::pin(ended(bench)),
    },
    Case {
        law: "A1",
        name: "a_campaign_verb_gives_its_first_answer_again",
        run: |bench| Box::pin(replayed_verb(bench)),
    },
    Case {
        law: "A1",
        name: "a_campaign_verb_with_a_used_request_id_and_other_content_is_refused",
        run: |bench| Box::pin(reused_request_id(bench)),
    },
];

async fn lifecycle(bench: Bench) {
    use CampaignState::{Active, Draft, Ended, Paused};
    use CampaignVerb::{Activate, End, Pause, Resume};
    let offer = Offer::default();
    assert_eq!(bench.change("early", offer, Activate).await, Err(CampaignRefusal::NotFound));
    let applied = bench.apply("apply", offer, eve()).await.expect("is applied");
    assert_eq!(applied.state, Draft);
    let steps = [
        (Pause, Err(Draft)),
        (Resume, Err(Draft)),
        (Activate, Ok(Active)),
        (Activate, Ok(Active)),
        (Pause, Ok(Paused)),
        (Pause, Ok(Paused)),
        (Activate, Err(Paused)),
        (Resume, Ok(Active)),
        (End, Ok(Ended)),
        (End, Ok(Ended)),
        (Activate, Err(Ended)),
        (Pause, Err(Ended)),
        (Resume, Err(Ended)),
    ];
    for (number, (verb, expected)) in steps.into_iter().enumerate() {
        let changed = bench.change(&format!("step-{number}"), offer, verb).await;
        let refused = |state| CampaignRefusal::Transition(RefusedTransition { state, verb });
        let expected = expected.map_err(refused);
        assert_eq!(changed.map(|campaign| campaign.state), expected, "step {number}");
    }
    // DRAFT, ACTIVE, PAUSED, ACTIVE, ENDED: what changed nothing is not in the feed.
    let feed = bench.store.campaign_feed(0, 100).await.expect("reads");
    let states: Vec<_> = feed.iter().map(|change| change.entry.state).collect();
    assert_eq!(states, [Draft, Active, Paused, Active, Ended]);
    let positions: Vec<_> = feed.iter().map(|change| change.entry.position).collect();
    assert_eq!(positions, [1, 2, 3, 4, 5]);
}

async fn replacing(bench: Bench) {
    let offer = Offer::default();
    let first = bench.apply("first", offer, eve()).await.expect("is applied");
    let other = Offer { title: "Cooler drinks", ..offer };
    let second = bench.apply("second", other, noon("2022-07-22")).await.expect("is replaced");
    assert_eq!(second.programme.title_en, "Cooler drinks");
    assert_eq!((second.created_at, second.updated_at), (first.created_at, noon("2022-07-22")));
    let same = bench.apply("third", other, noon("2022-07-23")).await.expect("changes nothing");
    assert_eq!(same, second);
    bench.change("activate", offer, CampaignVerb::Activate).await.expect("is activated");
    let same = bench.apply("fourth", other, noon("2022-07-23")).await.expect("changes nothing");
    assert_eq!(same.state, CampaignState::Active);
    let refused = bench.apply("fifth", offer, noon("2022-07-23")).await;
    let state = CampaignState::Active;
    assert_eq!(refused, Err(CampaignRefusal::Immutable { state }));
    let stored = bench.store.campaign(&offer.campaign_id()).await.expect("reads");
    assert_eq!(stored, Some(same));
}

async fn ended(bench: Bench) {
    let offer = Offer::default();
    bench.activate(offer).await;
    bench.claim_for(offer, noon("2022-07-22"), 0..2).await;
    bench.change("end", offer, CampaignVerb::End).await.expect("is ended");
    let answers = bench.claim_for(offer, noon("2022-07-22"), 2..3).await;
    let state = CampaignState::Ended;
    assert_eq!(answers[0].as_ref().err(), Some(&ClaimRefusal::CampaignNotActive { state }));
    assert_eq!(bench.fed(&offer.stock_key("2022-07-22")).await.len(), 2);
}

async fn replayed_verb(bench: Bench) {
    let offer = Offer::default();
    let applied = bench.apply("apply", offer, eve()).await;
    let other = Offer { title: "Cooler drinks", ..offer };
    bench.apply("replace", other, eve()).await.expect("is replaced");
    let activated = bench.change("activate", offer, CampaignVerb::Activate).await;
    bench.change("end", offer, CampaignVerb::End).await.expect("is ended");
    assert_eq!(bench.apply("apply", offer, noon("2022-07-23")).await, applied);
    assert_eq!(bench.change("activate", offer, CampaignVerb::Activate).await, activated);
    let stored = bench.store.campaign(&offer.campaign_id()).await.expect("reads");
    assert_eq!(stored.map(|campaign| campaign.state), Some(CampaignState::Ended));
    assert_eq!(bench.store.feed_heads().await.expect("reads").campaign_position, 4);
}

async fn reused_request_id(bench: Bench) {
    let offer = Offer::default();
    bench.apply("apply", offer, eve()).await.expect("is applied");
    let other = Offer { title: "Cooler drinks", ..offer };
    let refused = bench.apply("apply", other, eve()).await;
    let field = "programme_toml";
    assert_eq!(refused, Err(CampaignRefusal::RequestIdReused { field }));
    // The scope of a request id is caller and verb.
    let activated = bench.change("apply", offer, CampaignVerb::Activate).await;
    assert!(activated.is_ok());
}
