//! enjamb
