//! The bank and public holidays of the United Kingdom, nation by nation: the Banking and Financial Dealings Act 1971
//! with its schedule, the St Andrew's Day Bank Holiday (Scotland) Act 2007, and the days of common law, as
//! <https://www.gov.uk/bank-holidays> publishes them.
//!
//! For a holiday on a weekend the next weekday that is not one itself is given. Left out are the local holidays of
//! Scottish towns.

use chrono::Month::{August, December, January, July, June, March, May, November, September};
use chrono::{Month, Weekday::Mon};

use super::Year;

/// A part of the United Kingdom with holidays of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nation {
    /// England and Wales.
    England,
    /// Scotland.
    Scotland,
    /// Northern Ireland.
    NorthernIreland,
}

use Nation::{England, NorthernIreland, Scotland};

/// What was proclaimed for one year, which no rule foretells: the date, the name and where. Source: royal
/// proclamations under section 1(3) of the Act, in The Gazette. Last looked at in 2026.
const PROCLAIMED: [(i32, Month, u32, &str, &[Nation]); 4] = [
    (2022, June, 3, "Platinum Jubilee bank holiday", &[England, Scotland, NorthernIreland]),
    (2022, September, 19, "the State Funeral of Queen Elizabeth II", &[England, Scotland, NorthernIreland]),
    (2023, May, 8, "the coronation of King Charles III", &[England, Scotland, NorthernIreland]),
    (2026, June, 15, "World Cup bank holiday", &[Scotland]),
];

pub(super) fn holidays(year: &mut Year, nation: Nation) {
    year.on("New Year's Day", January, 1);
    if nation == Scotland {
        year.on("2nd January", January, 2);
    }
    if nation == NorthernIreland {
        year.on("St Patrick's Day", March, 17);
    }
    year.easter("Good Friday", -2);
    if nation != Scotland {
        year.easter("Easter Monday", 1);
    }
    // Two were moved by proclamation: to the 75 years of VE Day, and to the Platinum Jubilee.
    match year.year {
        2020 => year.on("Early May bank holiday", May, 8),
        _ => year.nth("Early May bank holiday", 1, Mon, May),
    }
    match year.year {
        2022 => year.on("Spring bank holiday", June, 2),
        _ => year.last("Spring bank holiday", Mon, May),
    }
    if nation == NorthernIreland {
        year.on("the Battle of the Boyne", July, 12);
    }
    match nation {
        Scotland => year.nth("Summer bank holiday", 1, Mon, August),
        England | NorthernIreland => year.last("Summer bank holiday", Mon, August),
    }
    if nation == Scotland {
        year.on("St Andrew's Day", November, 30);
    }
    year.on("Christmas Day", December, 25);
    year.on("Boxing Day", December, 26);
    for (once, month, day, name, nations) in PROCLAIMED {
        if once == year.year && nations.contains(&nation) {
            year.on(name, month, day);
        }
    }
    year.give_next("substitute day");
}
