"""How good an estimate is: metrics, once, from scikit-learn and scipy."""
