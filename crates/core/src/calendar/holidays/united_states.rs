//! The federal holidays of the United States: 5 U.S.C. 6103(a), all eleven.
//!
//! Days off are those of federal employees who work from Monday to Friday: the Friday before a holiday on a Saturday
//! (5 U.S.C. 6103(b)), the Monday after one on a Sunday (Executive Order 11582). Left out are Inauguration Day, which
//! is a holiday around Washington, D.C. only (6103(c)), days on which a President closes the offices by order, and
//! what states add.

use chrono::Month::{December, February, January, July, June, May, November, October, September};
use chrono::Weekday::{Mon, Thu};

use super::Year;

pub(super) fn holidays(year: &mut Year) {
    year.on("New Year's Day", January, 1);
    year.nth("the Birthday of Martin Luther King, Jr.", 3, Mon, January);
    year.nth("Washington's Birthday", 3, Mon, February);
    year.last("Memorial Day", Mon, May);
    // Public Law 117-17, signed two days before.
    if year.year >= 2021 {
        year.on("Juneteenth National Independence Day", June, 19);
    }
    year.on("Independence Day", July, 4);
    year.nth("Labor Day", 1, Mon, September);
    year.nth("Columbus Day", 2, Mon, October);
    year.on("Veterans Day", November, 11);
    year.nth("Thanksgiving Day", 4, Thu, November);
    year.on("Christmas Day", December, 25);
    year.give_nearest("observed");
}
