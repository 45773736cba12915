//! Progress on a terminal: one line on standard error, gone when the work is done. Nowhere else: whoever reads a pipe
//! wants the answer, and nothing is said on standard output.

use std::io::IsTerminal;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::progress::{Progress, Silent};

/// The progress that a verb shows: on a terminal a line, else nothing.
pub(super) fn new() -> Arc<dyn Progress> {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if std::io::stderr().is_terminal() && !dumb {
        Arc::new(Line(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())))
    } else {
        Arc::new(Silent)
    }
}

/// `surveying 12 regions … 7 of 12`
struct Line(ProgressBar);

impl Progress for Line {
    fn begin(&self, what: &'static str, of: &'static str, steps: u64) {
        let Self(bar) = self;
        if bar.position() >= bar.length().unwrap_or(0) {
            // The work before is over.
            bar.reset();
            bar.set_length(0);
        }
        // Literal words: the template is always right.
        let style = ProgressStyle::with_template("{prefix} {len} {msg} … {pos} of {len}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(what);
        bar.set_message(of);
        bar.inc_length(steps);
        bar.tick();
    }

    fn done(&self, steps: u64) {
        let Self(bar) = self;
        bar.inc(steps);
        if bar.position() >= bar.length().unwrap_or(0) {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Line {
    /// An error must not be told behind a line that is left over.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use indicatif::TermLike;

    use super::*;

    /// A terminal of one line.
    #[derive(Clone, Debug, Default)]
    struct Fake(Arc<Mutex<String>>);

    impl Fake {
        fn shows(&self) -> String {
            self.0.lock().unwrap().trim_end().to_owned()
        }
    }

    impl TermLike for Fake {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.0.lock().unwrap().clear();
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_line_counts_and_is_gone_when_all_is_done() {
        let term = Fake::default();
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(term.clone()), 255);
        let line = Line(ProgressBar::with_draw_target(None, target));
        line.begin("surveying", "regions", 2);
        assert_eq!(term.shows(), "surveying 2 regions … 0 of 2");
        line.begin("surveying", "regions", 1);
        line.done(1);
        line.0.force_draw();
        assert_eq!(term.shows(), "surveying 3 regions … 1 of 3");
        line.done(2);
        assert_eq!(term.shows(), "");
        line.begin("reading", "events", 40);
        line.0.force_draw();
        assert_eq!(term.shows(), "reading 40 events … 0 of 40");
        drop(line);
        assert_eq!(term.shows(), "");
    }
}
