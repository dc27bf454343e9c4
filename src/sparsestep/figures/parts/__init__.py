"""Parts that several drawings share: style, axes, legends, surfaces."""
