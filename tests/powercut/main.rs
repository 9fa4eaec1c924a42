//! The power goes while the suite serves, and comes back.
//!
//! The three services run in the test's own process over SQLite, unchanged; below SQLite stands the
//! model of a disk ([`power_cut`]), which knows what was synced. The power goes in a random one of
//! the disk's operations. Each cut leaves several images: what was synced, and any part of the
//! rest. In each of them every database must be sound, every law must hold, and every answer that
//! a caller got must be there as it was given; the day then goes on with one of them, on which
//! every request that got no answer is made again and has one effect.
//!
//! That this can fail is shown with SQLite's next weaker setting, which loses answers.

mod world;

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use suite_tests::arrivals::Arrivals;
use suite_tests::stage::{first_day, issued, load, office, seed, ten_o_clock};
use suite_tests::tills::{self, End, Till, totals};
use suite_tests::{rush, wallets};
use zhisong::laws::Law;

use world::{Durability, World};

/// Cuts of each test, and what is looked at after each.
const CUTS: usize = 10;
const IMAGES: usize = 4;
/// Members who rush, and the vouchers that there are on a day.
const MEMBERS: usize = 900;
const QUOTA: usize = 600;
/// Members who shop on a day.
const SHOPPERS: usize = 150;

#[tokio::test(flavor = "multi_thread")]
async fn power_cuts_in_the_rush_lose_no_voucher_and_give_out_none_too_many() {
    let mut random = StdRng::seed_from_u64(seed());
    let mut world = World::fresh(Durability::Full).await;
    let loaded = load(&world.clients, &office(MEMBERS, QUOTA)).await;
    let (mut day, mut usual, mut met) = (first_day(), None, 0);
    for _ in 0..=CUTS {
        world.clients.set_time(ten_o_clock(day)).await.expect("the clock is manual");
        let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, day);
        let before = world.disk.operations();
        // The first day is played to its end, to know how long one is.
        if let Some(usual) = usual {
            world.disk.cut_in(random.random_range(1..=usual));
        }
        let arrivals = Arrivals::default();
        let rushing = rush::send(&world.clients, &world.acks, &claims, &arrivals);
        let answers = world.while_logs_are_carried_over(&arrivals, rushing).await;
        usual.get_or_insert(world.disk.operations() - before);

        let lost = answers.iter().filter(|answer| answer.is_lost()).count();
        met += usize::from(lost > 0);
        println!("on {day}: {lost} of {MEMBERS} claims lost their answer");
        world = world.survive(IMAGES, &mut random, ten_o_clock(day)).await;

        let answers = rush::settle(&world.clients, &world.acks, &claims).await;
        let expected = BTreeMap::from([("OK", QUOTA), ("SOLD_OUT", MEMBERS - QUOTA)]);
        assert_eq!(rush::tally(&answers), expected);
        assert_eq!(issued(&world.clients, &loaded.campaign_id, day).await, QUOTA as i64);
        day = day.next();
    }
    assert!(met >= CUTS / 2, "only {met} cuts met the rush");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn power_cuts_at_the_tills_book_every_answered_order_once() {
    let mut random = StdRng::seed_from_u64(seed());
    let mut world = World::fresh(Durability::Full).await;
    let loaded = load(&world.clients, &office(SHOPPERS, SHOPPERS)).await;
    let (mut day, mut usual, mut met) = (first_day(), None, 0);
    for _ in 0..=CUTS {
        world.clients.set_time(ten_o_clock(day)).await.expect("the clock is manual");
        let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, day);
        let answers = rush::settle(&world.clients, &world.acks, &claims).await;
        wallets::filled(&world.clients, &answers).await;
        let before = world.disk.operations();
        if let Some(usual) = usual {
            world.disk.cut_in(random.random_range(1..=usual));
        }
        let (arrivals, occasion) = (Arrivals::default(), day.to_string());
        let till = Till {
            clients: &world.clients,
            acks: &world.acks,
            arrivals: &arrivals,
            occasion: &occasion,
        };
        let shopping = till.play(&loaded.member_ids);
        let ends = world.while_logs_are_carried_over(&arrivals, shopping).await;
        usual.get_or_insert(world.disk.operations() - before);

        let lost = ends.iter().filter(|end| **end != End::Told).count();
        met += usize::from(lost > 0);
        println!("on {day}: {lost} of {SHOPPERS} orders lost an answer");
        world = world.survive(IMAGES, &mut random, ten_o_clock(day)).await;

        let arrivals = Arrivals::default();
        let till = Till {
            clients: &world.clients,
            acks: &world.acks,
            arrivals: &arrivals,
            occasion: &occasion,
        };
        till.settle(&loaded.member_ids).await;
        assert_eq!(totals(&world.clients, day).await, tills::expected(SHOPPERS));
        day = day.next();
    }
    assert!(met >= CUTS / 2, "only {met} cuts met an order");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_weaker_setting_a_power_cut_loses_answers_and_is_caught() {
    let mut random = StdRng::seed_from_u64(seed());
    let world = World::fresh(Durability::Weak).await;
    let loaded = load(&world.clients, &office(SHOPPERS, SHOPPERS)).await;
    // What is carried over is synced also now: the members are safe, what they do is not.
    world.carry_over().await.expect("the power is on");
    let day = first_day();
    world.clients.set_time(ten_o_clock(day)).await.expect("the clock is manual");
    let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, day);
    let answers = rush::settle(&world.clients, &world.acks, &claims).await;
    wallets::filled(&world.clients, &answers).await;
    let (arrivals, occasion) = (Arrivals::default(), day.to_string());
    let (clients, acks) = (&world.clients, &world.acks);
    let till = Till { clients, acks, arrivals: &arrivals, occasion: &occasion };
    till.settle(&loaded.member_ids).await;

    let images = world.images_after_cut(5 * IMAGES, &mut random).await;
    for (law, what) in [(Law::I3, "vouchers"), (Law::A1, "answers of the checkout")] {
        let lost = images.iter().filter(|image| image.report.broken().contains(&law)).count();
        println!("{lost} of {} images lack acknowledged {what}", images.len());
        assert!(lost > 0, "no image lacks acknowledged {what}");
    }
}
