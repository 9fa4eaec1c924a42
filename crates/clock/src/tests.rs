use super::*;

#[test]
fn the_day_turns_at_midnight_in_shanghai_and_not_in_utc() {
    let zone = Zone::shanghai();
    let day = BusinessDay::parse("2022-07-22").expect("a day");
    // 2022-07-22T00:00 in Shanghai (UTC+8) is 2022-07-21T16:00:00Z = 1 658 419 200 s.
    assert_eq!(day.start(&zone), Timestamp::from_micros(1_658_419_200_000_000));
    let last = Timestamp::from_micros(day.end(&zone).as_micros() - 1);
    assert_eq!(BusinessDay::of(last, &zone), day);
    assert_eq!(BusinessDay::of(day.end(&zone), &zone), day.next());
    assert_eq!(day.next().to_string(), "2022-07-23");
}

#[test]
fn the_minute_of_the_day_is_the_one_on_the_wall() {
    let zone = Zone::shanghai();
    let day = BusinessDay::parse("2022-04-01").expect("a day");
    let at_ten = day.at_minute(600, &zone);
    assert_eq!(BusinessDay::minute_of(at_ten, &zone), 600);
    assert_eq!(at_ten.to_string(), "2022-04-01T02:00:00Z");
}

#[test]
fn only_plain_dates_are_days() {
    for text in ["", "2022-7-22", "2022-02-30", "2022-07-22T10:00", "+022-07-22", "20220722"] {
        assert_eq!(BusinessDay::parse(text), Err(DayProblem::NotADay), "{text}");
    }
    assert_eq!(Zone::parse("Asia/Nowhere"), Err(DayProblem::NotAZone));
}

#[test]
fn a_manual_clock_stands_still_until_it_is_moved() {
    let clock = ManualClock::at(Timestamp::from_micros(5));
    assert_eq!(clock.now(), clock.now());
    assert!(clock.set(Timestamp::from_micros(7)));
    assert_eq!(clock.now().as_micros(), 7);
    assert!(!SystemClock.set(Timestamp::from_micros(7)));
}
