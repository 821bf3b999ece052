//! A dense table that grows without ever moving what it holds.
//!
//! A vector that doubles needs three times its memory while it moves; ten million subjects leave no room
//! for that. Chunks of a fixed size cost one more look-up, and nothing else.

const CHUNK: usize = 4_096;

/// Values indexed from zero; places are made in chunks, each filled with the default.
#[derive(Clone, Debug, Default)]
pub struct Table<T> {
    // Of a length known to the compiler: a place in a chunk is never looked for beyond its end.
    chunks: Vec<Box<[T; CHUNK]>>,
}

impl<T: Default> Table<T> {
    /// The value at `index`, if a place was ever made for it.
    #[inline]
    pub fn get(&self, index: u32) -> Option<&T> {
        let (chunk, place) = split(index);
        self.chunks.get(chunk).map(|chunk| &chunk[place])
    }

    /// The value at `index`; places up to it are made if need be.
    #[inline]
    pub fn at(&mut self, index: u32) -> &mut T {
        let (chunk, place) = split(index);
        if chunk >= self.chunks.len() {
            return self.grow(chunk, place);
        }
        &mut self.chunks[chunk][place]
    }

    /// Every place that was made, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    #[cold]
    fn grow(&mut self, chunk: usize, place: usize) -> &mut T {
        while self.chunks.len() <= chunk {
            let places: Box<[T]> = (0..CHUNK).map(|_| T::default()).collect();
            self.chunks.extend(places.try_into().ok());
        }
        &mut self.chunks[chunk][place]
    }
}

/// Which chunk, and which place in it.
#[inline]
const fn split(index: u32) -> (usize, usize) {
    (index as usize / CHUNK, index as usize % CHUNK)
}

/// Hands out the lowest numbers that are free.
#[derive(Clone, Debug, Default)]
pub struct Slots {
    free: Vec<u32>,
    next: u32,
}

impl Slots {
    /// A number that nobody holds; the one given back last comes first, since it is still in cache.
    #[inline]
    pub fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }

    /// Gives a number back.
    #[inline]
    pub fn give_back(&mut self, slot: u32) {
        self.free.push(slot);
    }

    /// How many numbers have ever been handed out at once: all are below it.
    pub fn high_water(&self) -> u32 {
        self.next
    }

    /// How many are held now.
    pub fn held(&self) -> usize {
        self.next as usize - self.free.len()
    }
}
