//! How a map is laid out.

/// A method of `project`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// t-SNE: neighbours stay neighbours.
    #[default]
    Tsne,
    /// UMAP: tighter clumps.
    Umap,
    /// The first two principal axes: a plain shadow.
    Pca,
}

impl Method {
    /// All of them, the default first.
    pub const ALL: [Method; 3] = [Method::Tsne, Method::Umap, Method::Pca];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Tsne => "tsne",
            Method::Umap => "umap",
            Method::Pca => "pca",
        }
    }

    /// The one of this name.
    pub fn of_name(name: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.name() == name)
    }
}
