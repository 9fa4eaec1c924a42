use crate::domain::Entropy;

/// The operating system's source of random bytes.
#[derive(Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn draw(&self) -> [u8; 9] {
        rand::random()
    }
}
