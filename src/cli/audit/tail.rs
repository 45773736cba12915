//! `simian audit tail`: the last events, and then what comes.

use std::io::{self, ErrorKind, Write};

use chrono::TimeDelta;
use chrono_tz::Tz;
use simian_core::{Clock, Event, EventQuery, Ledger};

use super::{TailArgs, cells, page};
use crate::cli::Format;
use crate::exit::{Exit, Failure};
use crate::render;

/// How often it looks for what came: as soon as a person would.
const LOOK: TimeDelta = TimeDelta::seconds(1);

/// Prints until `stop`, or until nobody reads any more.
pub(super) async fn run(
    ledger: &dyn Ledger,
    clock: &dyn Clock,
    args: &TailArgs,
    zone: Tz,
    out: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> Result<Exit, Failure> {
    let follow = follow(ledger, clock, args, zone, out);
    tokio::select! {
        biased;
        () = stop => Ok(Exit::Done),
        ended = follow => match ended {
            Err(Ended::Unread(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(Exit::Done),
            Err(Ended::Unread(error)) => Err(error.into()),
            Err(Ended::Ledger(error)) => Err(error.into()),
            Ok(()) => Ok(Exit::Done),
        },
    }
}

/// Why it ended.
enum Ended {
    Unread(io::Error),
    Ledger(simian_core::LedgerError),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Unread(error)
    }
}

impl From<simian_core::LedgerError> for Ended {
    fn from(error: simian_core::LedgerError) -> Self {
        Self::Ledger(error)
    }
}

async fn follow(
    ledger: &dyn Ledger,
    clock: &dyn Clock,
    args: &TailArgs,
    zone: Tz,
    out: &mut impl Write,
) -> Result<(), Ended> {
    let newest = EventQuery { limit: Some(args.lines), newest_first: true, ..EventQuery::default() };
    let mut after = ledger.heads().await?.values().map(|head| head.seq).max().unwrap_or(0);
    let mut events = ledger.events(&newest).await?;
    events.reverse();
    loop {
        for event in &events {
            writeln!(out, "{}", line(event, args.format, zone))?;
            after = after.max(event.seq);
        }
        out.flush()?;
        if !args.follow {
            return Ok(());
        }
        // A full page may not be all that came.
        if events.is_empty() {
            clock.sleep_until(clock.now() + LOOK).await;
        }
        events = ledger.events(&page(&EventQuery::default(), after)).await?;
    }
}

/// An event as a line. There is no table to be as wide as: what is still to come is not known.
fn line(event: &Event, format: Format, zone: Tz) -> String {
    if format == Format::Json {
        return event.canonical();
    }
    let [seq, at, kind, mode, place, target, why] = cells(event, zone);
    let words = [place, target, why].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("  ");
    let words = render::plain(&words);
    format!("{seq:>6}  {at}  {kind:<18} {mode:<7}  {words}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use chrono::DateTime;
    use simian_core::{Draft, Kind, Mode};
    use simian_ledger::MemoryLedger;
    use simian_sim::VirtualClock;
    use uuid::Uuid;

    use super::*;

    /// Where lines arrive, until nobody reads.
    #[derive(Clone, Default)]
    struct Reader(Arc<Mutex<(Vec<u8>, bool)>>);

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut state = self.0.lock().unwrap();
            if state.1 {
                return Err(ErrorKind::BrokenPipe.into());
            }
            state.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Reader {
        fn lines(&self) -> Vec<String> {
            String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap().lines().map(str::to_owned).collect()
        }
    }

    async fn tell(ledger: &MemoryLedger, whys: &[&str]) {
        let draft = |why: &&str| Draft::new(DateTime::UNIX_EPOCH, Kind::RoundClosed, Mode::Live, *why);
        ledger.commit(whys.iter().map(draft).collect(), vec![]).await.unwrap();
    }

    fn args(lines: usize, follow: bool) -> TailArgs {
        TailArgs { lines, follow, format: Format::Table }
    }

    /// What it prints while `meanwhile` happens; it is stopped after that.
    fn prints(ledger: &MemoryLedger, args: &TailArgs, meanwhile: impl AsyncFnOnce(&VirtualClock)) -> Vec<String> {
        let clock = VirtualClock::new(DateTime::UNIX_EPOCH);
        let mut reader = Reader::default();
        let stop = async {
            meanwhile(&clock).await;
            if args.follow {
                clock.sleep_until(clock.now() + LOOK * 2).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        let ended = clock.drive(run(ledger, &clock, args, chrono_tz::UTC, &mut reader, stop));
        assert_eq!(ended.unwrap(), Exit::Done);
        reader.lines()
    }

    fn ledger() -> MemoryLedger {
        MemoryLedger::new(Uuid::from_u128(7), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn the_last_ones_are_shown_oldest_first() {
        let ledger = ledger();
        VirtualClock::new(DateTime::UNIX_EPOCH).drive(tell(&ledger, &["a", "b", "c"]));
        let shown = prints(&ledger, &args(2, false), async |_| {});
        let expected = [
            "     2  Thu 01-01 00:00:00  round.closed       live     b",
            "     3  Thu 01-01 00:00:00  round.closed       live     c",
        ];
        assert_eq!(shown, expected);
        assert_eq!(prints(&ledger, &args(9, false), async |_| {}).len(), 3);
    }

    #[test]
    fn what_comes_is_shown_once_in_order_however_much_it_is() {
        let ledger = ledger();
        VirtualClock::new(DateTime::UNIX_EPOCH).drive(tell(&ledger, &["a", "b"]));
        let shown = prints(&ledger, &args(1, true), async |clock| {
            clock.sleep_until(clock.now() + LOOK * 3).await;
            tell(&ledger, &["c"]).await;
            clock.sleep_until(clock.now() + LOOK * 3).await;
            tell(&ledger, &vec!["d"; 2 * super::super::PAGE + 1]).await;
        });
        let whys: Vec<&str> = shown.iter().map(|line| line.rsplit(' ').next().unwrap()).collect();
        assert_eq!(whys[..3], ["b", "c", "d"]);
        assert_eq!(whys.len(), 2 + 2 * super::super::PAGE + 1);
    }

    #[test]
    fn none_to_begin_with_still_follows() {
        let ledger = ledger();
        VirtualClock::new(DateTime::UNIX_EPOCH).drive(tell(&ledger, &["a"]));
        let shown = prints(&ledger, &args(0, true), async |clock| {
            clock.sleep_until(clock.now() + LOOK).await;
            tell(&ledger, &["b"]).await;
        });
        assert_eq!(shown.len(), 1, "{shown:?}");
    }

    #[test]
    fn a_reader_that_goes_away_ends_it_quietly() {
        let ledger = ledger();
        let clock = VirtualClock::new(DateTime::UNIX_EPOCH);
        let mut reader = Reader::default();
        let seen = reader.clone();
        let forever = args(1, true);
        let gone = async {
            seen.0.lock().unwrap().1 = true;
            tell(&ledger, &["unread"]).await;
            std::future::pending::<()>().await;
        };
        let ended = clock.drive(run(&ledger, &clock, &forever, chrono_tz::UTC, &mut reader, gone));
        assert_eq!(ended.unwrap(), Exit::Done);
    }
}
