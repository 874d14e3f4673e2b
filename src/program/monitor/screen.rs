//! The screen: keys in, pictures of the board out, and the terminal as it was at the end.

use super::board::{Board, Entry};
use super::feed::{self, News};
use super::view::{self, Look};
use crate::Shared;
use crate::program::client::Client;
use crate::program::run::stop_signal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// At most twenty pictures a second.
const PICTURE_EVERY: Duration = Duration::from_millis(50);
/// Ages and silences go on when nothing comes.
const PICTURE_AT_LEAST_EVERY: Duration = Duration::from_millis(500);
/// A filter is for an address.
const MAX_FILTER: usize = 120;

struct Screen {
    board: Arc<Mutex<Board>>,
    /// What is shown while the screen is paused.
    frozen: Option<Board>,
    look: Look,
}

/// Shows the traffic until a key ends it.
pub fn show(client: Client, shared: &Shared) -> Result<(), String> {
    let board = Arc::new(Mutex::new(Board::new(Instant::now())));
    let feed = {
        let (board, shared) = (Arc::clone(&board), shared.clone());
        std::thread::Builder::new()
            .name("monitor:feed".into())
            .spawn(move || {
                let _ = feed::follow(client, &shared, |news| {
                    note(&mut lock(&board), &news);
                    ControlFlow::Continue(())
                });
            })
            .map_err(|error| format!("the system gave no thread: {error}"))?
    };
    // A signal must not leave the terminal without a cursor.
    let stopped = stop_signal()?;
    let screen = Screen { board, frozen: None, look: Look::from_environment() };
    // Also restores the terminal when something panics.
    let mut terminal =
        ratatui::try_init().map_err(|error| format!("the terminal gives no screen: {error}"))?;
    let ended = run(screen, &mut terminal, || feed.is_finished() || stopped.try_recv().is_ok());
    ratatui::restore();
    ended.map_err(|error| format!("the terminal went away: {error}"))
}

fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(board: &mut Board, news: &News) {
    let now = Instant::now();
    match news {
        News::Message(json) => {
            if let Ok(entry) = serde_json::from_str::<Entry>(json) {
                board.message(&entry, now);
            }
        }
        News::Totals(json) => {
            if let Ok(totals) = serde_json::from_str(json) {
                board.totals(totals, now);
            }
        }
        News::Gone => board.gone(now),
        News::Back => board.back(now),
    }
}

fn run(
    mut screen: Screen,
    terminal: &mut ratatui::DefaultTerminal,
    is_over: impl Fn() -> bool,
) -> std::io::Result<()> {
    let (mut last_picture, mut last_version, mut is_pressed) = (None::<Instant>, 0, true);
    while !is_over() {
        let age = last_picture.map_or(PICTURE_AT_LEAST_EVERY, |last| last.elapsed());
        let version = lock(&screen.board).version;
        let is_stale = is_pressed || version != last_version && !screen.look.is_paused;
        if age >= PICTURE_AT_LEAST_EVERY || is_stale && age >= PICTURE_EVERY {
            let now = Instant::now();
            match &screen.frozen {
                Some(board) => {
                    terminal.draw(|frame| view::draw(frame, board, &screen.look, now))?
                }
                None => {
                    let board = lock(&screen.board);
                    terminal.draw(|frame| view::draw(frame, &board, &screen.look, now))?
                }
            };
            (last_picture, last_version, is_pressed) = (Some(now), version, false);
        }
        if event::poll(PICTURE_EVERY)? {
            is_pressed = true;
            match event::read()? {
                Event::Key(key)
                    if key.kind != KeyEventKind::Release && screen.press(key).is_break() =>
                {
                    return Ok(());
                }
                Event::Paste(text) => text.chars().for_each(|c| screen.type_filter(c)),
                _ => {}
            }
        }
    }
    Ok(())
}

impl Screen {
    fn press(&mut self, key: KeyEvent) -> ControlFlow<()> {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        if is_control && key.code == KeyCode::Char('c') {
            return ControlFlow::Break(());
        }
        if self.look.is_typing {
            match key.code {
                KeyCode::Enter => self.look.is_typing = false,
                KeyCode::Esc => {
                    self.look.is_typing = false;
                    self.look.filter.clear();
                }
                KeyCode::Backspace => {
                    self.look.filter.pop();
                }
                KeyCode::Char('u') if is_control => self.look.filter.clear(),
                KeyCode::Char(c) if !is_control => self.type_filter(c),
                _ => {}
            }
            return ControlFlow::Continue(());
        }
        let had_help = std::mem::take(&mut self.look.help);
        match key.code {
            KeyCode::Esc if had_help => {}
            KeyCode::Char('q' | 'Q') | KeyCode::Esc => return ControlFlow::Break(()),
            KeyCode::Char('p' | 'P' | ' ') => {
                self.frozen = match self.frozen {
                    Some(_) => None,
                    None => Some(lock(&self.board).clone()),
                };
                self.look.is_paused = self.frozen.is_some();
            }
            KeyCode::Char('e' | 'E') => self.look.only_errors = !self.look.only_errors,
            KeyCode::Char('n' | 'N') => self.look.nodes = !self.look.nodes,
            KeyCode::Char('c' | 'C') => {
                lock(&self.board).clear();
                if let Some(frozen) = &mut self.frozen {
                    frozen.clear();
                }
            }
            KeyCode::Char('/') => {
                self.look.is_typing = true;
                self.look.filter.clear();
            }
            KeyCode::Char('h' | 'H' | '?') => self.look.help = !had_help,
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn type_filter(&mut self, c: char) {
        if self.look.is_typing && !c.is_control() && self.look.filter.len() < MAX_FILTER {
            self.look.filter.push(c);
        }
    }
}
