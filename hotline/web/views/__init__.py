"""Pages and fragments: one module an area. They ask services and draw templates; they decide nothing themselves."""
