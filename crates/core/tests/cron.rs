//! Cron expressions: what is refused and with which words, known nights, and what must hold in every zone.

mod zones;

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use simian_core::cron::{CronError, CronSpec};
use zones::changes;

fn spec(text: &str) -> CronSpec {
    text.parse().expect("a cron expression")
}

fn at(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ").expect("an instant").and_utc()
}

/// The firings from an instant on (which is left out), `count` of them, as day, hour and minute in UTC.
fn firings(text: &str, zone: Tz, from: &str, count: usize) -> Vec<String> {
    let spec = spec(text);
    let next = |at: &DateTime<Utc>| spec.next_after(*at, zone);
    let firings = std::iter::successors(next(&at(from)), next).take(count);
    firings.map(|at| at.format(if at.second() == 0 { "%d %H:%M" } else { "%d %H:%M:%S" }).to_string()).collect()
}

#[test]
fn an_expression_keeps_its_text() {
    for text in ["*/15 * * * *", "0 9-17 * * mon-fri", "30 0 12 1,15 jan ?", "5 4 ? * SUN", "0/20 8-18/2 * * sat,sun"] {
        let spec = spec(text);
        assert_eq!((spec.to_string().as_str(), spec.as_str()), (text, text));
        assert_eq!(CronSpec::try_from(text.to_owned()), Ok(spec.clone()));
        let json = serde_json::to_string(&spec).expect("it serialises");
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<CronSpec>(&json).expect("and back"), spec);
    }
    assert_eq!(spec("  */15  * * *\t* ").as_str(), "*/15 * * * *");
    assert_ne!(spec("0 9 * * *"), spec("0 10 * * *"));
}

#[test]
fn what_cannot_be_understood_in_one_way_is_refused() {
    let field = |expression: &str, text: &str, field: &'static str| {
        let error = expression.parse::<CronSpec>().expect_err(expression);
        assert!(matches!(&error, CronError::Field { text: t, field: f, .. } if t == text && *f == field), "{error}");
    };
    field("60 * * * *", "60", "minute");
    field("* 24 * * *", "24", "hour");
    field("* * 0 * *", "0", "day of the month");
    field("* * * 13 *", "13", "month");
    field("* * * * someday", "someday", "weekday");
    field("* * * * fri-mon", "fri-mon", "weekday");
    field("60 * * * * *", "60", "second");
    field("17-9 * * * *", "17-9", "minute");
    field("*/0 * * * *", "*/0", "minute");
    field("? * * * *", "?", "minute");
    field("99999999999 * * * *", "99999999999", "minute");
    // The crate would take each of these for other fields than were written.
    for glued in ["*5", "5*", "**", "1-5-9", "5,", ",5", "*-5", "/5", "5/", "1jan", "*/2/3", "-5", "5-"] {
        field(&format!("{glued} * * * *"), glued, "minute");
        field(&format!("* {glued} * * *"), glued, "hour");
    }
    for count in [0, 1, 4, 7, 8] {
        let expression = vec!["*"; count].join(" ");
        assert_eq!(expression.parse::<CronSpec>(), Err(CronError::Fields { expression, count }));
    }
    for shorthand in ["@daily", "@yearly", "@every 5m"] {
        let expression = shorthand.to_owned();
        assert_eq!(shorthand.parse::<CronSpec>(), Err(CronError::Shorthand { expression }));
    }
    for text in ["0 9 * * 1", "0 9 * * 1-5", "0 9 * * mon,2", "0 9 * * 0/2", "0 0 9 ? * 7"] {
        assert_eq!(text.parse::<CronSpec>(), Err(CronError::NumericWeekday { expression: text.into() }));
    }
    for text in ["0 9 */2 * mon-fri", "0 9 1 * */2", "0 0 9 5,*/2 * fri", "0 9 1-31 * */2"] {
        assert_eq!(text.parse::<CronSpec>(), Err(CronError::BothDays { expression: text.into() }));
    }
    for text in ["0 0 30 feb *", "0 0 31 2,4,6,9,11 *", "0 0 30 feb mon"] {
        assert_eq!(text.parse::<CronSpec>(), Err(CronError::NeverFires { expression: text.into() }));
    }
    for fine in ["0 0 29 2 *", "0 9 */2 * ?", "0 9 ? * */2", "0 9 * * */2", "0 9 * * mon-fri/2"] {
        assert!(fine.parse::<CronSpec>().is_ok(), "{fine}");
    }
}

#[test]
fn an_error_names_the_expression_and_the_remedy() {
    for (text, expected) in [
        (
            "* * * *",
            "cron expression `* * * *` has 4 fields: write five (minute, hour, day of the month, month, weekday), \
             or six with seconds first; a year is not supported",
        ),
        ("@daily", "cron expression `@daily` is a shorthand: write its fields, as in `0 0 * * *`"),
        (
            "61 * * * *",
            "cron expression `61 * * * *`: `61` is not a minute: write 0 to 59, a list (`1,2`), a range (`1-5`), \
             a step (`*/2`) or `*`",
        ),
        (
            "0 9 * * 1-5",
            "cron expression `0 9 * * 1-5` numbers its weekdays, and programs disagree on which is 1: \
             write mon, tue …",
        ),
        (
            "0 9 */2 * fri",
            "cron expression `0 9 */2 * fri` has days of the month and weekdays, one of them as a step over all, and \
             programs disagree on whether both or either must match: write `*` for one of the two, or list the days",
        ),
        ("0 0 30 2 *", "cron expression `0 0 30 2 *` never fires: write a day that its months have"),
    ] {
        assert_eq!(text.parse::<CronSpec>().expect_err(text).to_string(), expected);
    }
}

#[test]
fn ordinary_days() {
    use chrono_tz::America::New_York;
    let from = "2026-11-20T14:59:59Z";
    assert_eq!(firings("*/15 * * * *", New_York, from, 3), ["20 15:00", "20 15:15", "20 15:30"]);
    assert_eq!(firings("*/15 * * * *", New_York, "2026-11-20T15:00:00Z", 1), ["20 15:15"], "strictly after");
    assert_eq!(firings("0 9 * * mon-fri", New_York, from, 3), ["23 14:00", "24 14:00", "25 14:00"]);
    assert_eq!(firings("10,40 0 9 * * sun", New_York, from, 3), ["22 14:00:10", "22 14:00:40", "29 14:00:10"]);
    assert_eq!(spec("0 0 29 2 *").next_after(at(from), chrono_tz::UTC), Some(at("2028-02-29T00:00:00Z")));
    let half = at("2026-11-20T15:00:00Z") - TimeDelta::milliseconds(500);
    assert_eq!(spec("0 * * * *").next_after(half, New_York), Some(at("2026-11-20T15:00:00Z")));
    assert_eq!(spec("0 0 1 1 *").next_after(at("2100-06-01T00:00:00Z"), chrono_tz::UTC), None);
    for end in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
        for zone in [chrono_tz::UTC, chrono_tz::Pacific::Kiritimati, New_York] {
            let _ = spec("0 0 1 1 *").next_after(end, zone);
        }
    }
}

#[test]
fn days_of_the_month_and_weekdays_fire_on_either() {
    use chrono_tz::{America::New_York, UTC};
    let from = "2026-11-01T00:00:00Z";
    // Friday the 13th is one day; the other Fridays and the next 13th, a Sunday, are others.
    let fridays = ["06 09:00", "13 09:00", "20 09:00", "27 09:00", "04 09:00", "11 09:00", "13 09:00", "18 09:00"];
    assert_eq!(firings("0 9 13 * fri", UTC, from, 8), fridays);
    assert_eq!(firings("0 0 9 13 * FRI", UTC, from, 8), fridays);
    // Only in its months, whichever names the day.
    assert_eq!(firings("0 9 1 jan mon", UTC, from, 4), ["01 09:00", "04 09:00", "11 09:00", "18 09:00"]);
    // All of the one is every day, whatever the other says.
    assert_eq!(firings("0 9 1-31 * mon", UTC, from, 3), ["01 09:00", "02 09:00", "03 09:00"]);
    assert_eq!(firings("0 9 1 * sun-sat", UTC, from, 3), ["01 09:00", "02 09:00", "03 09:00"]);
    // With a `*` or a `?` the other counts alone.
    assert_eq!(firings("0 9 * * mon", UTC, from, 2), ["02 09:00", "09 09:00"]);
    assert_eq!(firings("0 9 15 * ?", UTC, from, 2), ["15 09:00", "15 09:00"]);
    // On the night of the change it is one firing for both, and none of the second pass.
    assert_eq!(firings("30 1 1 * sun", New_York, "2026-11-01T04:00:00Z", 2), ["01 05:30", "08 06:30"]);
    assert_eq!(firings("30 2 8 * sun", New_York, "2026-03-08T04:00:00Z", 2), ["08 07:00", "15 06:30"]);
}

#[test]
fn a_skipped_time_fires_once_at_the_end_of_the_gap() {
    use chrono_tz::{Africa::Cairo, America::New_York, Australia::Lord_Howe};
    // New York: 02:00 becomes 03:00 at 07:00 UTC.
    let night = "2026-03-08T05:00:00Z";
    assert_eq!(firings("30 2 * * *", New_York, night, 2), ["08 07:00", "09 06:30"]);
    assert_eq!(firings("*/10 2 * * *", New_York, night, 3), ["08 07:00", "09 06:00", "09 06:10"]);
    assert_eq!(firings("30 2,3 * * *", New_York, night, 3), ["08 07:00", "08 07:30", "09 06:30"]);
    assert_eq!(firings("0 3 * * *", New_York, night, 2), ["08 07:00", "09 07:00"]);
    assert_eq!(firings("*/30 * * * *", New_York, "2026-03-08T06:00:00Z", 3), ["08 06:30", "08 07:00", "08 07:30"]);
    assert_eq!(firings("0 */2 * * *", New_York, night, 3), ["08 07:00", "08 08:00", "08 10:00"]);
    // Lord Howe: 02:00 becomes 02:30. Cairo: midnight becomes 01:00.
    assert_eq!(firings("15 2 * * *", Lord_Howe, "2026-10-03T12:00:00Z", 2), ["03 15:30", "04 15:15"]);
    assert_eq!(firings("0 0 * * *", Cairo, "2026-04-23T12:00:00Z", 2), ["23 22:00", "24 21:00"]);
}

#[test]
fn a_repeated_time_fires_twice_only_as_an_interval() {
    use chrono_tz::{Africa::Cairo, America::New_York, Australia::Lord_Howe};
    // New York: 02:00 becomes 01:00 at 06:00 UTC.
    let night = "2026-11-01T04:59:00Z";
    assert_eq!(firings("30 1 * * *", New_York, night, 2), ["01 05:30", "02 06:30"]);
    assert_eq!(firings("30 1 * * *", New_York, "2026-11-01T06:10:00Z", 1), ["02 06:30"]);
    assert_eq!(firings("*/30 1,2 * * *", New_York, night, 4), ["01 05:00", "01 05:30", "01 07:00", "01 07:30"]);
    assert_eq!(firings("30 * * * *", New_York, night, 3), ["01 05:30", "01 06:30", "01 07:30"]);
    assert_eq!(firings("30 0-23 * * *", New_York, night, 3), ["01 05:30", "01 06:30", "01 07:30"]);
    assert_eq!(firings("30 1/2 * * *", New_York, night, 3), ["01 05:30", "01 06:30", "01 08:30"]);
    let quarters = ["01 05:45", "01 06:00", "01 06:15"];
    assert_eq!(firings("*/15 * * * *", New_York, "2026-11-01T05:30:00Z", 3), quarters);
    // Lord Howe: 02:00 becomes 01:30 at 15:00 UTC. Cairo: midnight becomes 23:00 at 21:00 UTC.
    let quarters = ["04 14:45", "04 15:00", "04 15:15", "04 15:30"];
    assert_eq!(firings("*/15 * * * *", Lord_Howe, "2026-04-04T14:30:00Z", 4), quarters);
    assert_eq!(firings("30 23 * * *", Cairo, "2026-10-29T12:00:00Z", 2), ["29 20:30", "30 21:30"]);
    assert_eq!(firings("0 0 * * *", Cairo, "2026-10-29T12:00:00Z", 2), ["29 22:00", "30 22:00"]);
}

/// An expression made of minutes and hours, with its own reading of them.
#[derive(Clone, Debug)]
struct Model {
    minutes: Vec<u32>,
    hours: Vec<u32>,
    hour_field: String,
    interval: bool,
}

impl Model {
    fn new(minutes: &[u32], hour_field: &str) -> Model {
        let (hours, interval) = match hour_field.split_once("*/") {
            _ if hour_field == "*" => ((0..24).collect(), true),
            Some((_, step)) => ((0..24).step_by(step.parse().expect("a step")).collect(), true),
            None => (hour_field.split(',').map(|hour| hour.parse().expect("an hour")).collect(), false),
        };
        Model { minutes: minutes.to_vec(), hours, hour_field: hour_field.to_owned(), interval }
    }

    fn spec(&self) -> CronSpec {
        let minutes: Vec<String> = self.minutes.iter().map(ToString::to_string).collect();
        spec(&format!("{} {} * * *", minutes.join(","), self.hour_field))
    }

    fn names(&self, reading: NaiveDateTime) -> bool {
        self.minutes.contains(&reading.minute()) && self.hours.contains(&reading.hour())
    }

    /// Whether it fires at the beginning of a minute: the rule, minute by minute.
    fn fires(&self, zone: Tz, at: DateTime<Utc>) -> bool {
        let minute = TimeDelta::minutes(1);
        let reading = at.with_timezone(&zone).naive_local();
        let first_pass = zone.from_local_datetime(&reading).earliest().is_some_and(|first| first == at);
        let mut skipped = (at - minute).with_timezone(&zone).naive_local() + minute;
        let mut gap = false;
        while skipped < reading {
            gap |= self.names(skipped);
            skipped += minute;
        }
        gap || (self.names(reading) && (self.interval || first_pass))
    }
}

#[test]
fn in_every_zone_it_fires_as_the_rule_says_minute_by_minute() {
    for (n, zone) in TZ_VARIANTS.iter().enumerate() {
        let mut changes = changes(*zone, 2020 + i32::try_from(n % 21).expect("small"));
        if changes.is_empty() {
            changes.push(at("2026-06-01T00:00:00Z"));
        }
        for change in changes {
            // The hours that the change itself skips or repeats, fixed and as an interval.
            let hour = |minutes| (change + TimeDelta::minutes(minutes)).with_timezone(zone).hour();
            let hours = format!("{},{},{}", hour(-30), (hour(-30) + 1) % 24, hour(30));
            let minutes: &[u32] = [&[0, 30][..], &[10, 20, 50], &[29]][n % 3];
            for model in [Model::new(minutes, &hours), Model::new(minutes, ["*", "*/2"][n % 2])] {
                let (begin, end) = (change - TimeDelta::minutes(100), change + TimeDelta::minutes(160));
                let minutes = (0..260).map(|minute| begin + TimeDelta::minutes(minute));
                let expected: Vec<_> = minutes.filter(|at| model.fires(*zone, *at)).collect();
                let spec = model.spec();
                let next = |at: &DateTime<Utc>| spec.next_after(*at, *zone);
                let fired = std::iter::successors(next(&(begin - TimeDelta::seconds(1))), next);
                let fired: Vec<_> = fired.take_while(|at| *at < end).take(1000).collect();
                assert_eq!(fired, expected, "{zone} `{spec}` around {change}");
            }
        }
    }
}

const EXPRESSIONS: [&str; 10] = [
    "*/15 * * * *",
    "7 */3 * * *",
    "30 1,2 * * *",
    "0 0 * * *",
    "*/20 * 23,0 * * *",
    "59 23 * * sun",
    "15 2 1 * *",
    "30 1,2 1-7 * sun",
    "0 0,23 28-31 mar,oct sat,sun",
    "0 30 0-5 * mar,apr,oct,nov mon-sat",
];

proptest! {
    #[test]
    fn it_only_moves_forward_and_leaves_nothing_out(
        zone in (0..TZ_VARIANTS.len()).prop_map(|n| TZ_VARIANTS[n]),
        expression in proptest::sample::select(&EXPRESSIONS[..]),
        year in 2020..=2040,
        minutes in -1500_i64..1500,
        part in 0.0..1.0_f64,
    ) {
        let spec = spec(expression);
        let change = changes(zone, year).pop().unwrap_or_else(|| at("2026-06-01T00:00:00Z"));
        let mut now = change + TimeDelta::minutes(minutes);
        for _ in 0..12 {
            let next = spec.next_after(now, zone).expect("it fires again");
            prop_assert!(next > now, "{next} is not after {now}");
            // From anywhere between, the next firing is the same one.
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any second will do")]
            let between = now + TimeDelta::seconds(((next - now).num_seconds() as f64 * part) as i64);
            prop_assert_eq!(spec.next_after(between, zone), Some(next));
            now = next;
        }
    }
}
