//! The verse VAE: lines of verse as points of a latent space, and back.

pub mod vocabulary;
