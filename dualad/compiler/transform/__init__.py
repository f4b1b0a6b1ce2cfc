"""From IR to IR.

write_out       NumPy functions that Numba has no code for, by the types of their arguments
normalise       one normal form for each construct, now that the types are known
indexing        indices; what index arrays pick, as loops
list_operations lists in memory; in_place: x += y on arrays
legalise, ...   array operations that carry derivatives come down to loops and array-level primitives:
  legalise              NumPy functions that are loops become them; products by dimension
  fuse                  elementwise chains become one loop
  copy_before_overwrite operands that change before the reverse sweep are copied
views, ...      fewer computations:
  views                 elements of a view are elements of the array
  interchange           loops around sums of products are turned inside out
  cse, licm             what is at hand is used again; what does not change in a loop leaves it
"""
