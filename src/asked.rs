//! What people ask a running daemon to do now: one round each, under the rails, as soon as may be.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use simian_core::{Draft, Key, Kind, Mode, Request};
use tokio::sync::Notify;

use crate::engine::Engine;
use crate::order::Order;
use crate::round;

/// What was asked for and not begun. What a crash leaves in here was never begun, and never will be.
#[derive(Debug, Default)]
pub struct Asked {
    waiting: Mutex<VecDeque<Request>>,
    came: Notify,
}

impl Asked {
    /// Asks for something.
    pub fn ask(&self, request: Request) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(request);
        self.came.notify_one();
    }

    async fn next(&self) -> Request {
        loop {
            let next = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            match next {
                Some(request) => return request,
                None => self.came.notified().await,
            }
        }
    }
}

/// Does what is asked for, one after the other, for ever.
pub(crate) async fn serve(engine: &Engine) {
    loop {
        let request = engine.asked.next().await;
        let id = request.id.clone();
        for why in answer(engine, request).await {
            tracing::warn!(request = id, why, "what was asked for could not be looked at everywhere");
        }
    }
}

/// One round of the monkey that was asked, in every account. Returns what failed, in words.
async fn answer(engine: &Engine, request: Request) -> Vec<String> {
    let Some(monkey) = engine.monkey(&request.monkey) else {
        return vec![format!("the config does not enable the monkey {}", request.monkey)];
    };
    let (now, asked) = (engine.clock.now(), request.clone());
    let order = &Order { mode: Mode::Live, request: Some(request), thorough: false };
    let (mut failed, mut came) = (Vec::new(), false);
    for ended in round::everywhere(engine, monkey, order).await {
        match ended {
            Ok(closed) => {
                came |= !closed.acted.is_empty() || !closed.held.is_empty();
                failed.extend(closed.failed.into_iter().map(|(scope, why)| format!("{scope}: {why}")));
            }
            Err(error) => failed.push(error.to_string()),
        }
    }
    if !came && let Err(error) = engine.record(vec![nothing(&asked, now)], Vec::new()).await {
        failed.push(error.to_string());
    }
    failed
}

/// That nobody was found to do it to, for whoever waits for it.
fn nothing(request: &Request, now: DateTime<Utc>) -> Draft {
    let target = request.wish.as_ref().map(|wish| wish.target.to_string());
    let whom = target.as_deref().unwrap_or("anybody");
    let mut draft = Draft::new(now, Kind::ActionHeld, Mode::Live, format!("no unit that opted in has {whom}"));
    draft.monkey = Some(request.monkey.clone());
    draft.actor = Some(request.actor.clone());
    draft.action = request.wish.as_ref().map(|wish| wish.action.to_string());
    draft.key = Some(format!("{}{whom}", Key::of_request(Mode::Live, &request.monkey, &request.id)));
    draft.run = Some(request.id.clone());
    draft.outcome = Some("opted_in".into());
    draft.target = target;
    draft
}
