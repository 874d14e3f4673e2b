//! avg
