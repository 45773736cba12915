//! Holidays by date, by country and from calendar files: what is closed, and what is said when it cannot be known.

use std::path::Path;

use chrono::NaiveDate;
use insta::assert_snapshot;
use simian::config::Config;

use super::SOUND;

const CALENDAR: &str = "BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
SUMMARY:Company day
DTSTART;VALUE=DATE:20260622
RRULE:FREQ=YEARLY;BYMONTH=6;BYDAY=4MO
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Move of the office
DTSTART:20261203T230000Z
DTEND:20261204T120000Z
END:VEVENT
END:VCALENDAR
";

/// A config with these holidays beside a calendar file of this text.
fn load(holidays: &str, calendar: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("company.ics"), calendar).unwrap();
    let path = folder.path().join("simian.toml");
    let zone = "timezone = \"Europe/Berlin\"";
    std::fs::write(&path, SOUND.replace(zone, &format!("{zone}\nholidays = {holidays}"))).unwrap();
    let folder = folder.path().display().to_string();
    Config::load(&path, None).map_err(|error| error.to_string().replace(&folder, "DIR"))
}

fn why_closed(config: &Config, on: &str) -> String {
    let on: NaiveDate = on.parse().unwrap();
    config.calendar.day(on).closed.map_or("open".into(), |closed| closed.to_string())
}

#[test]
fn every_source_closes_its_dates_under_their_names() {
    let config = load(r#"["2026-12-23", "de-by", "us", "ics:company.ics"]"#, CALENDAR).unwrap();
    for (on, expected) in [
        ("2026-12-23", "closed for a holiday"),
        ("2026-06-04", "closed for Fronleichnam"),
        ("2026-11-26", "closed for Thanksgiving Day"),
        ("2026-07-03", "closed for Independence Day (observed)"),
        ("2026-12-25", "closed for Erster Weihnachtstag"),
        ("2027-06-28", "closed for Company day"),
        // From midnight in Berlin, so the evening of the third stays open.
        ("2026-12-04", "closed for Move of the office"),
        ("2026-12-03", "open"),
        ("2026-12-24", "open"),
    ] {
        assert_eq!(why_closed(&config, on), expected, "{on}");
    }
}

#[test]
fn a_calendar_file_lies_where_other_relative_paths_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("state")).unwrap();
    std::fs::write(folder.path().join("state/company.ics"), CALENDAR).unwrap();
    let zone = "timezone = \"Europe/Berlin\"";
    let text = SOUND.replace(zone, &format!("{zone}\nholidays = [\"ics:company.ics\"]"));
    let file = folder.path().join("simian.toml").display().to_string();
    let state = folder.path().join("state");
    let config = Config::parse(&file, &text, Some(&state)).unwrap();
    assert_eq!(why_closed(&config, "2026-06-22"), "closed for Company day");
    let beside = Config::parse(&file, &text, None).unwrap_err().to_string();
    assert!(beside.contains("there is no such calendar file"), "{beside}");
    let absolute = text.replace("ics:company.ics", &format!("ics:{}", state.join("company.ics").display()));
    assert!(Config::parse("simian.toml", &absolute, Some(Path::new("/nowhere"))).is_ok());
}

#[test]
fn the_digest_is_of_the_calendar_files_too() {
    let digest = |holidays, calendar: &str| load(holidays, calendar).unwrap().digest;
    let with = |calendar: &str| digest(r#"["us", "ics:company.ics"]"#, calendar);
    assert_eq!(with(CALENDAR), with(CALENDAR));
    assert_ne!(with(CALENDAR), with(&CALENDAR.replace("4MO", "3MO")));
    // A file that is not named is none of the configuration's.
    assert_eq!(digest(r#"["us"]"#, CALENDAR), digest(r#"["us"]"#, ""));
}

#[test]
fn what_is_wrong_in_a_calendar_file_names_both_files_and_the_event() {
    let refused = |calendar: &str| load(r#"["us", "ics:company.ics"]"#, calendar).unwrap_err();
    let (event, zone) = (CALENDAR.replace("20261203T230000Z", "tomorrow"), "TZID=Europe/Berln");
    let zone = CALENDAR.replace("DTSTART:20261203T230000Z", &format!("DTSTART;{zone}:20261203T230000"));
    let all = [refused(&event), refused(&zone), refused("BEGIN:VCALENDAR\nEND:VCALENDAR"), refused("\u{0}")];
    assert_snapshot!(all.join("\n"), @r"
    DIR/simian.toml:6:19: hours.holidays[1]: DIR/company.ics: event 2 (`Move of the office`): DTSTART: `tomorrow` is no date and no time: write 20261224 or 20261224T090000
    DIR/simian.toml:6:19: hours.holidays[1]: DIR/company.ics: event 2 (`Move of the office`): DTSTART: `Europe/Berln` is no time zone of the IANA database: export the calendar with names such as `Europe/Berlin`, or with times in UTC
    DIR/simian.toml:6:19: hours.holidays[1]: DIR/company.ics: it has no event, so it would close nothing: name another file, or remove it
    DIR/simian.toml:6:19: hours.holidays[1]: DIR/company.ics: `` has a control character: export the calendar again
    ");
}

#[test]
fn a_calendar_file_is_read_also_when_the_zone_is_wrong() {
    let text = SOUND.replace("Europe/Berlin\"", "Europe/Berln\"\nholidays = [\"ics:missing.ics\"]");
    let problems = Config::parse("simian.toml", &text, None).unwrap_err().to_string();
    assert_snapshot!(problems, @r"
    simian.toml:5:1: hours.timezone: `Europe/Berln` is no time zone of the IANA database: did you mean `Europe/Berlin`?
    simian.toml:6:13: hours.holidays[0]: missing.ics: there is no such calendar file: create it, or mend its path
    ");
}
