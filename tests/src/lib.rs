//! What the suite does as a whole, over gRPC: see the folders beside this one.
