//! The public holidays of Germany: one by the treaty of unification (3 October), the others by the laws of the
//! sixteen states, under the names that these give them. No day is given for a holiday on a weekend.
//!
//! Left out is what only some towns have: the Augsburg peace festival, and Corpus Christi in parts of Saxony and of
//! Thuringia. Assumption Day is a holiday in most towns of Bavaria, and counts for all of it.

use chrono::Month::{August, December, January, June, March, May, November, October, September};
use chrono::{Datelike, Month, NaiveDate};

use super::Year;

/// A German state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Baden-Württemberg.
    BadenWuerttemberg,
    /// Bavaria.
    Bavaria,
    /// Berlin.
    Berlin,
    /// Brandenburg.
    Brandenburg,
    /// Bremen.
    Bremen,
    /// Hamburg.
    Hamburg,
    /// Hesse.
    Hesse,
    /// Lower Saxony.
    LowerSaxony,
    /// Mecklenburg-Vorpommern.
    MecklenburgVorpommern,
    /// North Rhine-Westphalia.
    NorthRhineWestphalia,
    /// Rhineland-Palatinate.
    RhinelandPalatinate,
    /// Saarland.
    Saarland,
    /// Saxony.
    Saxony,
    /// Saxony-Anhalt.
    SaxonyAnhalt,
    /// Schleswig-Holstein.
    SchleswigHolstein,
    /// Thuringia.
    Thuringia,
}

use State::{
    BadenWuerttemberg, Bavaria, Berlin, Brandenburg, Bremen, Hamburg, Hesse, LowerSaxony, MecklenburgVorpommern,
    NorthRhineWestphalia, RhinelandPalatinate, Saarland, Saxony, SaxonyAnhalt, SchleswigHolstein, Thuringia,
};

/// What Berlin decided for one year. Source: its law on Sundays and holidays (Gesetz über die Sonn- und Feiertage).
const BERLIN_ONCE: [(i32, Month, u32, &str); 3] = [
    (2020, May, 8, "Tag der Befreiung"),
    (2025, May, 8, "Tag der Befreiung"),
    (2028, June, 17, "Jahrestag des Volksaufstandes in der DDR"),
];

pub(super) fn holidays(year: &mut Year, state: Option<State>) {
    let in_any = |states: &[State]| state.is_some_and(|state| states.contains(&state));
    year.on("Neujahr", January, 1);
    if in_any(&[BadenWuerttemberg, Bavaria, SaxonyAnhalt]) {
        year.on("Heilige Drei Könige", January, 6);
    }
    if in_any(&[Berlin]) && year.year >= 2019 || in_any(&[MecklenburgVorpommern]) && year.year >= 2023 {
        year.on("Internationaler Frauentag", March, 8);
    }
    year.easter("Karfreitag", -2);
    if in_any(&[Brandenburg]) {
        year.easter("Ostersonntag", 0);
        year.easter("Pfingstsonntag", 49);
    }
    year.easter("Ostermontag", 1);
    year.on("Tag der Arbeit", May, 1);
    year.easter("Christi Himmelfahrt", 39);
    year.easter("Pfingstmontag", 50);
    if in_any(&[BadenWuerttemberg, Bavaria, Hesse, NorthRhineWestphalia, RhinelandPalatinate, Saarland]) {
        year.easter("Fronleichnam", 60);
    }
    if in_any(&[Bavaria, Saarland]) {
        year.on("Mariä Himmelfahrt", August, 15);
    }
    if in_any(&[Thuringia]) && year.year >= 2019 {
        year.on("Weltkindertag", September, 20);
    }
    year.on("Tag der Deutschen Einheit", October, 3);
    let since_2018 = in_any(&[Bremen, Hamburg, LowerSaxony, SchleswigHolstein]) && year.year >= 2018;
    if since_2018 || in_any(&[Brandenburg, MecklenburgVorpommern, Saxony, SaxonyAnhalt, Thuringia]) {
        year.on("Reformationstag", October, 31);
    }
    if in_any(&[BadenWuerttemberg, Bavaria, NorthRhineWestphalia, RhinelandPalatinate, Saarland]) {
        year.on("Allerheiligen", November, 1);
    }
    if in_any(&[Saxony]) {
        year.add("Buß- und Bettag", day_of_repentance(year.year));
    }
    year.on("Erster Weihnachtstag", December, 25);
    year.on("Zweiter Weihnachtstag", December, 26);
    for (once, month, day, name) in BERLIN_ONCE {
        if once == year.year && in_any(&[Berlin]) {
            year.on(name, month, day);
        }
    }
}

/// The Wednesday before 23 November, eleven days before the first Sunday in Advent.
fn day_of_repentance(year: i32) -> Option<NaiveDate> {
    let wednesday_or_before = NaiveDate::from_ymd_opt(year, 11, 22)?;
    let days = (wednesday_or_before.weekday().num_days_from_monday() + 5) % 7;
    wednesday_or_before.checked_sub_days(chrono::Days::new(u64::from(days)))
}
