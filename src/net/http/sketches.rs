//! `/sketches/NAME/`: p5.js sketches, read from a folder at every request, so that an edit shows
//! when the page is loaded again. A folder of one's own beside those that ship is served as well.

use super::Shared;
use super::api::error;
use axum::extract::{self, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::path::Path;

/// The folder with the libraries, which is no sketch.
const LIBRARIES: &str = "libraries";

/// `/sketches/`: what there is.
pub async fn list(State(server): Shared) -> Response {
    off_thread(move || {
        let folders = server.files.sketches.iter();
        let mut names: Vec<String> = folders
            .filter_map(|folder| std::fs::read_dir(folder).ok())
            .flatten()
            .filter_map(|entry| entry.ok())
            .filter(|entry| entry.path().join("index.html").is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| is_plain(name) && name != LIBRARIES)
            .collect();
        names.sort();
        names.dedup();
        let item = |name: &String| format!("<li><a href=\"/sketches/{name}/\">{name}</a></li>\n");
        let items: String = names.iter().map(item).collect();
        Html(include_str!("sketches.html").replace("@SKETCHES@", &items)).into_response()
    })
    .await
}

/// `/sketches/NAME/FILE`, and the page itself where no file is named.
pub async fn file(State(server): Shared, extract::Path(path): extract::Path<String>) -> Response {
    // Pages name their files from their own folder, so the address of one ends in a slash.
    if is_plain(&path) && !path.contains('.') {
        return Redirect::permanent(&format!("/sketches/{path}/")).into_response();
    }
    off_thread(move || {
        let path = match path.ends_with('/') {
            true => path + "index.html",
            false => path,
        };
        if !path.split('/').all(is_plain) {
            return missing(&path);
        }
        let Some(bytes) = server.files.sketches.iter().find_map(|folder| read(folder, &path))
        else {
            return missing(&path);
        };
        let kind = HeaderValue::from_static(content_type(&path));
        // Browsers ask again, so that an edit is seen.
        let fresh = HeaderValue::from_static("no-cache");
        ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, fresh)], bytes).into_response()
    })
    .await
}

/// A file of the folder; what a link leads out of it to is none.
fn read(folder: &Path, path: &str) -> Option<Vec<u8>> {
    let folder = folder.canonicalize().ok()?;
    let file = folder.join(path).canonicalize().ok()?;
    file.starts_with(&folder).then(|| std::fs::read(file).ok())?
}

/// Letters, digits and a few signs; nothing that is hidden, or leads up.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        _ => "text/plain; charset=utf-8",
    }
}

fn missing(path: &str) -> Response {
    let words = format!("there is no sketch file '{path}': see /sketches/");
    error(StatusCode::NOT_FOUND, &words)
}

/// Reads files on a thread that may wait for a disk.
async fn off_thread(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| error(StatusCode::INTERNAL_SERVER_ERROR, "the file can't be read"))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn names_lead_nowhere_else() {
        assert!(is_plain("voyage") && is_plain("p5.min.js") && is_plain("My-sketch_2"));
        for name in ["", ".", "..", ".git", "a\\b", "a:b", "a b", "<b>"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
