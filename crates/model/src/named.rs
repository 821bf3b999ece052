//! Enums whose values have names: one list gives the type, its names, its order and its count.

#[doc(hidden)]
#[macro_export]
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $type { $($(#[$variant_doc])* $variant,)+ }

        impl $type {
            /// Every value, in the order they are documented.
            pub const ALL: &'static [$type; Self::COUNT] = &[$($type::$variant,)+];
            /// How many there are.
            pub const COUNT: usize = [$($name,)+].len();
            /// The name used in scenarios and results.
            pub const fn name(self) -> &'static str {
                match self { $($type::$variant => $name,)+ }
            }
            /// The value a name stands for.
            pub fn from_name(name: &str) -> Option<$type> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
            /// Position in `ALL`.
            pub const fn index(self) -> usize { self as usize }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}
