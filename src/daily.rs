//! The daily job: the report as files in a folder, and a digest for each owner who has news.
//!
//! Which reports there are is in the folder, and which digests were told is in the ledger: so what was missed while the
//! daemon was down is made up for at its start, once, for the last due day.
//!
//! What may not happen here: a file that is removed or replaced and not ours, a half-written one under its name, and an
//! error that stops the daemon.

mod folder;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use simian_core::{EventQuery, Kind, LedgerError};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ReportConfig};
use crate::engine::Engine;
use crate::progress::Silent;
use crate::report::{self, Report};
use folder::{FolderError, file_name};

/// When, where to, and how what is written is told.
#[derive(Clone, Debug)]
pub struct Daily {
    settings: ReportConfig,
    config: Config,
}

impl Daily {
    /// The job by that config; `None` where it wants none.
    pub fn new(config: &Config) -> Option<Self> {
        config.report.clone().map(|settings| Self { settings, config: config.clone() })
    }

    /// The moment of a date at which its report is due. A minute that the clock skips is the first after it.
    fn due_on(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        let midnight = date.and_time(NaiveTime::MIN) + TimeDelta::minutes(self.settings.at.into());
        let zone = self.config.calendar.zone;
        // No zone skips more than a day; most skip an hour.
        let read = |quarters: i64| zone.from_local_datetime(&(midnight + TimeDelta::minutes(15 * quarters))).earliest();
        (0..=96).find_map(read).map(|due| due.with_timezone(&Utc))
    }

    /// The last due date up to now, with its moment.
    fn last(&self, now: DateTime<Utc>) -> Option<(NaiveDate, DateTime<Utc>)> {
        let today = self.config.calendar.local_date(now);
        let dates = (0..3).filter_map(|back| today.checked_sub_days(Days::new(back)));
        dates.filter_map(|date| Some((date, self.due_on(date)?))).find(|(_, due)| *due <= now)
    }

    /// The next due moment after now.
    fn next(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let today = self.config.calendar.local_date(now);
        let dates = (0..3).filter_map(|on| today.checked_add_days(Days::new(on)));
        let next = dates.filter_map(|date| self.due_on(date)).find(|due| *due > now);
        next.unwrap_or(now + TimeDelta::days(1))
    }

    /// The same minute of so many days before.
    fn before(&self, date: NaiveDate, days: u32) -> DateTime<Utc> {
        let first = date.checked_sub_days(Days::new(days.into()));
        first.and_then(|first| self.due_on(first)).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// Writes and tells what is due, once a day, until it is stopped. What fails is logged, and tried again the next day.
pub async fn reports(engine: &Engine, stop: &CancellationToken) {
    let Some(daily) = &engine.daily else { return };
    let mut done = None;
    loop {
        let turn = async {
            let now = engine.clock.now();
            if let Some((date, due)) = daily.last(now).filter(|(date, _)| done != Some(*date)) {
                done = Some(date);
                work(engine, daily, date, due).await;
            }
            engine.clock.sleep_until(daily.next(now)).await;
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = turn => {}
        }
    }
}

async fn work(engine: &Engine, daily: &Daily, date: NaiveDate, due: DateTime<Utc>) {
    match is_before_us(engine, due).await {
        Ok(true) => return,
        Ok(false) => {}
        Err(error) => {
            return tracing::error!(%error, "no report is written without the ledger; the next is due tomorrow");
        }
    }
    match write(engine, daily, date, due).await {
        Ok(()) => {}
        Err(DailyError::Ledger(error)) => {
            tracing::error!(%error, %date, "the report cannot be told from the ledger; the next is due tomorrow");
        }
        Err(DailyError::Folder(error)) => {
            tracing::error!(%error, %date, "the report cannot be written; the next is due tomorrow");
        }
    }
    if let Err(error) = tell(engine, daily, date, due).await {
        tracing::error!(%error, %date, "owners cannot be told of their day; the next is due tomorrow");
    }
}

/// Why a report was not written.
#[derive(Debug, thiserror::Error)]
enum DailyError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// Whether the ledger did not remember anything yet: whoever installs simian at noon has missed no report.
async fn is_before_us(engine: &Engine, due: DateTime<Utc>) -> Result<bool, LedgerError> {
    Ok(due <= engine.ledger.birth().await?.at)
}

/// Writes the files that are not there yet, and removes those that are too old.
async fn write(engine: &Engine, daily: &Daily, date: NaiveDate, due: DateTime<Utc>) -> Result<(), DailyError> {
    let ReportConfig { folder, formats, keep, span_days, .. } = &daily.settings;
    let missing: Vec<_> = formats.iter().filter(|format| !folder.join(file_name(date, **format)).exists()).collect();
    if !missing.is_empty() {
        let report = told(engine, daily, daily.before(date, *span_days), due).await?;
        for format in missing {
            let text = format.write(&report, daily.config.calendar.zone);
            folder::write(folder, &file_name(date, *format), &text)?;
        }
        tracing::info!(%date, folder = %folder.display(), "the report is written");
    }
    Ok(folder::prune(folder, date, *keep)?)
}

/// Records the digests of the day that were not told yet.
async fn tell(engine: &Engine, daily: &Daily, date: NaiveDate, due: DateTime<Utc>) -> Result<(), LedgerError> {
    let day = told(engine, daily, daily.before(date, 1), due).await?;
    let mut digests = report::digests(&day, date, engine.clock.now(), daily.config.calendar.zone);
    let query = EventQuery {
        kinds: vec![Kind::DigestPublished],
        key_prefix: Some(format!("digest/{date}/")),
        ..EventQuery::default()
    };
    let before = engine.ledger.events(&query).await?;
    digests.retain(|digest| before.iter().all(|event| event.body.key != digest.key));
    engine.record(digests, vec![]).await.map(drop)
}

async fn told(
    engine: &Engine,
    daily: &Daily,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Report, LedgerError> {
    let frame = report::frame(&daily.config, since, until);
    let facts = report::gather(engine.ledger.as_ref(), &frame, &Silent).await?;
    Ok(Report::of(&facts, &frame))
}

#[cfg(test)]
mod tests;
