//! `enjamb pack`: a project with all that it needs in one folder, to be run anywhere and in many years.

use super::run::{parse, project_here, read};
use crate::Shared;
use clap::Args;
use enjamb::Project;
use enjamb::files::checksum;
use enjamb::project::DEFAULT;
use enjamb::recording::{Header, Reader};
use enjamb::replay::{check_files, project_of};
use enjamb::runtime::shipped_model_dirs;
use enjamb::signature::Values;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The sums of all files, as `sha256sum -c` reads them.
const CHECKSUMS: &str = "checksums.sha256";
const RECORDING: &str = "recording.jsonl";
/// What lies beside a model's files and belongs to them.
const BESIDE: &[&str] = &["manifest.toml", "README.md", "LICENSE"];

/// What to pack, and where.
#[derive(Args)]
pub struct Options {
    /// The project file; without it, the recording's, or the one that would run here.
    project: Option<PathBuf>,
    /// The folder, a new one.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// A recording of the project, to be packed, too.
    #[arg(long, value_name = "FILE")]
    recording: Option<PathBuf>,
}

/// Packs.
pub fn pack(options: &Options, shared: &Shared) -> Result<(), String> {
    let header = match &options.recording {
        Some(path) => Some(Reader::open(path)?.header().clone()),
        None => None,
    };
    let (project, text) = choose(options, header.as_ref())?;
    if let Some(header) = &header {
        if header.project != text {
            return Err(
                "the recording is of another project, or of this one before it was changed; \
                        without a project file, its own is packed"
                    .into(),
            );
        }
        check_files(header, &project_of(header)?, &shipped_model_dirs())?;
    }
    let mut pack = Pack::begin(&options.out)?;
    pack.write("enjamb.toml", &text)?;
    pack.models(&project)?;
    let program = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let name = format!("enjamb{}", std::env::consts::EXE_SUFFIX);
    pack.copy(&program, Path::new(&name))?;
    if let Some(path) = &options.recording {
        pack.copy(path, Path::new(RECORDING))?;
    }
    pack.write("LICENSE-MIT", include_str!("../../LICENSE-MIT"))?;
    pack.write("LICENSE-APACHE", include_str!("../../LICENSE-APACHE"))?;
    pack.write("README.md", &readme(&project, header.as_ref()))?;
    let (n_files, n_bytes) = pack.finish()?;
    let folder = options.out.display();
    match shared.json {
        true => {
            say!("{}", json!({ "folder": folder.to_string(), "files": n_files, "bytes": n_bytes }))
        }
        false => {
            say!("{n_files} files, {:.1} MB, in {folder}; to run it:\n", n_bytes as f64 / 1e6);
            say!("  cd {folder} && ./{name}");
        }
    }
    Ok(())
}

fn choose(options: &Options, header: Option<&Header>) -> Result<(Project, String), String> {
    let file = match (&options.project, header) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(header)) => return Ok((project_of(header)?, header.project.clone())),
        (None, None) => project_here(),
    };
    match file {
        Some(path) => {
            let text = read(&path)?;
            Ok((parse(&path, &text)?, text))
        }
        None => Ok((Project::standard(), DEFAULT.into())),
    }
}

/// A folder that is filled.
struct Pack {
    folder: PathBuf,
    /// Relative to the folder.
    files: BTreeSet<PathBuf>,
}

impl Pack {
    fn begin(folder: &Path) -> Result<Self, String> {
        let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
        if folder.exists() && fs::read_dir(folder).map_err(wrong)?.next().is_some() {
            return Err(format!("{} is not empty: name a new folder", folder.display()));
        }
        fs::create_dir_all(folder).map_err(wrong)?;
        Ok(Self { folder: folder.to_path_buf(), files: BTreeSet::new() })
    }

    fn place(&mut self, name: &Path) -> Result<PathBuf, String> {
        let path = self.folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
        }
        self.files.insert(name.to_path_buf());
        Ok(path)
    }

    fn write(&mut self, name: &str, text: &str) -> Result<(), String> {
        let path = self.place(Path::new(name))?;
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn copy(&mut self, from: &Path, name: &Path) -> Result<(), String> {
        let path = self.place(name)?;
        let copied = fs::copy(from, &path);
        copied.map_err(|error| format!("{} can't be copied: {error}", from.display()))?;
        Ok(())
    }

    /// The files of all models: those that ship into `models`, where the packed program looks first;
    /// others to where the project says that they are.
    fn models(&mut self, project: &Project) -> Result<(), String> {
        for model in &project.models {
            self.options(&model.name, &model.options)?;
        }
        let own: Vec<&str> =
            project.models.iter().filter_map(|model| own_path(&model.options)).collect();
        for (_, file) in project.files(&shipped_model_dirs())? {
            if own.iter().any(|own| file.path.starts_with(own)) {
                continue;
            }
            let place = Path::new("models").join(&file.name);
            self.copy(&file.path, &place)?;
            for name in BESIDE {
                let beside = file.path.with_file_name(name);
                if beside.is_file() {
                    self.copy(&beside, &place.with_file_name(name))?;
                }
            }
        }
        Ok(())
    }

    /// What a model's options name.
    fn options(&mut self, model: &str, options: &Values) -> Result<(), String> {
        let Some(path) = own_path(options) else { return Ok(()) };
        let path = Path::new(path);
        let is_inside =
            path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !is_inside {
            return Err(format!(
                "the model '{model}' lies in {}, which is not in the project's folder: copy it there, \
                 and name it in the project file by its path from there",
                path.display()
            ));
        }
        self.copy_all(path)
    }

    fn copy_all(&mut self, path: &Path) -> Result<(), String> {
        if path.is_file() {
            return self.copy(path, path);
        }
        let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
        for entry in fs::read_dir(path).map_err(wrong)? {
            self.copy_all(&entry.map_err(wrong)?.path())?;
        }
        Ok(())
    }

    /// Writes the checksums. Answers how many files there are, and their bytes.
    fn finish(mut self) -> Result<(usize, u64), String> {
        let (mut sums, mut n_bytes) = (String::new(), 0);
        for name in &self.files {
            let path = self.folder.join(name);
            let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
            n_bytes += path.metadata().map_err(wrong)?.len();
            let name = name.to_string_lossy().replace('\\', "/");
            sums += &format!("{}  {name}\n", checksum(&path).map_err(wrong)?);
        }
        self.write(CHECKSUMS, &sums)?;
        Ok((self.files.len(), n_bytes + sums.len() as u64))
    }
}

/// A path that a model's options name in the place of what ships.
fn own_path(options: &Values) -> Option<&str> {
    options.get("path").and_then(|path| path.as_text()).filter(|path| !path.is_empty())
}

fn readme(project: &Project, header: Option<&Header>) -> String {
    let (version, os, arch) =
        (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let name = |names: Vec<&str>| if names.is_empty() { "none".into() } else { names.join(", ") };
    let models = name(project.models.iter().map(|model| model.name.as_str()).collect());
    let chains = name(project.chains.iter().map(|chain| chain.name.as_str()).collect());
    let osc = project.listen.osc_port;
    let mut text = format!(
        "# A packed project for enjamb {version}\n\n\
         All that it needs is in this folder. Nothing is downloaded, and nothing outside is read.\n\n\
         Run it, in this folder:\n\n    ./enjamb\n\n\
         It listens for OSC on port {osc} and says what to try. `./enjamb --help` tells the rest.\n\n\
         - `enjamb.toml`: the project, with the seed {}. Models: {models}. Chains: {chains}.\n\
         - `models`: their weights, each with its manifest and licence. The program looks here first.\n\
         - `enjamb`: the program, version {version}, built for {os} on {arch}. It needs no other file but \
         the system's C library. Its licence is MIT or Apache-2.0.\n\
         - `{CHECKSUMS}`: what all files were when this was packed: `sha256sum -c {CHECKSUMS}`.\n",
        project.seed
    );
    if header.is_some() {
        text += &format!(
            "- `{RECORDING}`: a recording of it, as JSON lines.\n\n\
             Play the recording again, and see that every output is the same:\n\n    \
             ./enjamb replay {RECORDING} --fast\n\n\
             Or send what was sent, when it was sent, without any model:\n\n    \
             ./enjamb replay {RECORDING} --send\n"
        );
    }
    text += "\nShould this program run nowhere any more, it can be built again from the source of this \
             version, and the recording read by anything that reads JSON: each line of it is an object, \
             and those of the kind `out` are the messages that were sent, with times in nanoseconds.\n";
    text
}
