import { configureStore, createAsyncThunk, createEntityAdapter, createSelector, createSlice } from "@reduxjs/toolkit";

const load = createAsyncThunk("users/load", async (ids, { rejectWithValue }) => (ids.length ? ids.map((id) => ({ id, name: `user ${id}` })) : rejectWithValue("none")));
const adapter = createEntityAdapter({ sortComparer: (a, b) => b.id - a.id });
const users = createSlice({ name: "users", initialState: adapter.getInitialState({ log: [] }), reducers: { renamed: (state, { payload }) => { state.entities[payload.id].name = payload.name; } }, extraReducers: (builder) => builder.addCase(load.fulfilled, adapter.setAll).addCase(load.rejected, (state, { payload }) => void state.log.push(payload)) });

export default async () => {
  const store = configureStore({ reducer: { users: users.reducer } });
  await store.dispatch(load([1, 2]));
  await store.dispatch(load([]));
  store.dispatch(users.actions.renamed({ id: 1, name: "Ada" }));
  return [store.getState(), createSelector([(state) => state.users.ids], (ids) => ids.length)(store.getState())];
};
